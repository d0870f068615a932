import type Stripe from 'stripe';
import * as accounts from '../actions/accounts.js';
import { closeDispute, escalateInquiry, openDispute } from '../actions/disputes.js';
import { decline, pay, settleDelayed } from '../actions/payments.js';
import { settleRefund } from '../actions/refunds.js';
import { expireDue, expireSession } from '../actions/sessions.js';
import { settleCharge } from '../actions/settlement.js';
import { snapshot } from '../state/snapshot.js';
import type { World } from '../state/world.js';
import type { DeliveryAttempt } from '../webhooks/attempt.js';
import type { Deliveries } from '../webhooks/deliveries.js';
import type { WebhookEndpoints } from '../webhooks/endpoints.js';
import { invalidRequest, missingResource } from '../wire/errors.js';
import type { FaultControl, LocalStripeControl, WebhookControl } from './control.js';
import type { Faults } from './faults.js';
import type { RequestLog } from './request-log.js';

interface Parts {
  readonly world: World;
  readonly endpoints: WebhookEndpoints;
  readonly deliveries: Deliveries;
  readonly faults: Faults;
  readonly requests: RequestLog;
  readonly reset: () => void;
  readonly changed: () => void;
  /** Resolves when all changes so far are saved. */
  readonly saved: () => Promise<void>;
}

/** The control surface of a local Stripe in this process. Answers are copies, given once the effect is saved. */
export function localControl(parts: Parts): LocalStripeControl {
  return afterwards(
    {
      ...control(parts),
      webhooks: afterwards(webhookControl(parts), parts.saved),
      faults: faultControl(parts.faults),
    },
    parts.saved,
  );
}

/** The same methods, which do something more before they answer. */
function afterwards<T extends object>(methods: T, then: () => Promise<void>): T {
  const entries = Object.entries(methods).map(([name, method]: [string, unknown]) => {
    if (typeof method !== 'function') return [name, method];
    const more = async (...values: unknown[]): Promise<unknown> => {
      const result: unknown = await method(...values);
      await then();
      return result;
    };
    return [name, more];
  });
  return Object.fromEntries(entries) as T;
}

function control(parts: Parts): Omit<LocalStripeControl, 'webhooks' | 'faults'> {
  const { world } = parts;
  return {
    url: world.publicUrl,
    pay: async (id, options) => snapshot(pay(world, id, options)),
    decline: async (id, options) => snapshot(decline(world, id, options)),
    expireSession: async (id) => snapshot(expireSession(world, id)),
    advanceExpiry: async (seconds) => snapshot(expireDue(world, seconds)),
    settleDelayed: async (id, outcome) => snapshot(settleDelayed(world, id, outcome)),
    settleCharge: async (id) => snapshot(settleCharge(world, id)),
    completeOnboarding: async (id) => snapshot(accounts.completeOnboarding(world, id)),
    setAccountCapabilities: async (id, changes) =>
      snapshot(accounts.setAccountCapabilities(world, id, changes)),
    disableCharges: async (id) => snapshot(accounts.disableCharges(world, id)),
    enableCharges: async (id) => snapshot(accounts.enableCharges(world, id)),
    deauthorize: async (id) => accounts.deauthorize(world, id),
    openDispute: async (id, options) => snapshot(openDispute(world, id, options)),
    escalateInquiry: async (id) => snapshot(escalateInquiry(world, id)),
    closeDispute: async (id, outcome) => snapshot(closeDispute(world, id, outcome)),
    holdRefunds: async (hold) => {
      world.settings.refundsPending = hold;
      parts.changed();
    },
    settleRefund: async (id, outcome, reason) => snapshot(settleRefund(world, id, outcome, reason)),
    events: async () => snapshot([...world.store.events.newestFirst()].reverse()),
    requests: async (filter) => snapshot(parts.requests.find(filter)),
    requestCounts: async () => parts.requests.counts(),
    requestsIdle: () => parts.requests.idle(),
    addWebhookEndpoint: async (given) => {
      const { endpoint, secret, connect } = parts.endpoints.add(given);
      return { id: endpoint.id, url: endpoint.url, secret, connect };
    },
    removeWebhookEndpoint: async (id) => {
      if (!parts.endpoints.remove(id)) throw missingResource('webhook endpoint', id, 'id');
    },
    reset: async () => parts.reset(),
  };
}

function webhookControl({ world, deliveries }: Parts): WebhookControl {
  const find = (id: string): Stripe.Event => {
    const event = world.store.events.get(id);
    if (event === undefined) throw missingResource('event', id, 'id');
    return event;
  };
  return {
    pause: async () => deliveries.pause(),
    resume: async (order) => deliveries.resume(order),
    held: async () => snapshot(deliveries.held()),
    discardHeld: async () => deliveries.discardHeld(),
    deliver: async (ids) => {
      const attempts: DeliveryAttempt[] = [];
      for (const event of ids.map(find)) attempts.push(...(await deliveries.deliver(event)));
      return attempts;
    },
    redeliver: async (id, times = 1) => {
      const event = find(id);
      const sent = await Promise.all(Array.from({ length: times }, () => deliveries.deliver(event)));
      return sent.flat();
    },
    duplicate: async (times) => {
      if (!Number.isInteger(times) || times < 1) throw invalidRequest('times is an integer from 1 up.');
      deliveries.copies(times);
    },
    idle: () => deliveries.idle(),
    attempts: async (filter = {}) =>
      deliveries
        .attempts()
        .filter(
          (attempt) =>
            (filter.eventId === undefined || attempt.eventId === filter.eventId) &&
            (filter.eventType === undefined || attempt.eventType === filter.eventType),
        ),
  };
}

function faultControl(faults: Faults): FaultControl {
  return {
    add: async (rule) => snapshot(faults.add(rule)),
    list: async () => snapshot([...faults.list()]),
    whenStruck: (id, times) => faults.whenStruck(id, times),
    clear: async () => faults.clear(),
  };
}
