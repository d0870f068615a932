import type Stripe from 'stripe';
import type { CapabilityChanges } from '../actions/accounts.js';
import type { OpenDisputeOptions } from '../actions/disputes.js';
import type { DeclineOptions, PayOptions } from '../actions/payments.js';
import type { DeliveryAttempt } from '../webhooks/attempt.js';
import type { NewWebhookEndpoint } from '../webhooks/endpoints.js';
import type { ReleaseOrder } from '../webhooks/release-order.js';
import type { ActiveFault, FaultRule } from './faults.js';
import type { LoggedRequest, RequestCount, RequestFilter } from './request-log.js';

export type Session = Stripe.Checkout.Session;

/**
 * What a test does in the place of buyers, producers, banks and the network. The same in the process that
 * started the local Stripe and, over HTTP, in any other (`connectLocalStripe`). Every call resolves when
 * its effect is there; webhooks follow on their own (`webhooks.idle()`). Refusals reject with Stripe's
 * message.
 */
export interface LocalStripeControl {
  readonly url: string;
  readonly webhooks: WebhookControl;
  readonly faults: FaultControl;

  pay(sessionId: string, options?: PayOptions): Promise<Session>;
  decline(sessionId: string, options?: DeclineOptions): Promise<Session>;
  /** Time runs out for one session, whatever its `expires_at`. */
  expireSession(sessionId: string): Promise<Session>;
  /** Time runs out for every session that expires within so many seconds; answers those. */
  advanceExpiry(seconds: number): Promise<Session[]>;
  /** The bank decides on a payment by a delayed method. */
  settleDelayed(sessionId: string, outcome: 'succeeded' | 'failed'): Promise<Session>;
  /** Makes transfer, fee and balance transaction of a charge paid with `settle: 'later'`. */
  settleCharge(chargeId: string): Promise<Stripe.Charge>;

  completeOnboarding(accountId: string): Promise<Stripe.Account>;
  setAccountCapabilities(accountId: string, changes: CapabilityChanges): Promise<Stripe.Account>;
  disableCharges(accountId: string): Promise<Stripe.Account>;
  enableCharges(accountId: string): Promise<Stripe.Account>;
  /** The producer disconnects its account from the platform. */
  deauthorize(accountId: string): Promise<void>;

  openDispute(chargeId: string, options?: OpenDisputeOptions): Promise<Stripe.Dispute>;
  /** An inquiry becomes a dispute: the bank takes the money. */
  escalateInquiry(disputeId: string): Promise<Stripe.Dispute>;
  /** An inquiry ends as `warning_closed`, whatever the outcome. */
  closeDispute(disputeId: string, outcome: 'won' | 'lost'): Promise<Stripe.Dispute>;

  /** Whether refunds made from now on stay `pending` until `settleRefund`. */
  holdRefunds(hold: boolean): Promise<void>;
  /** A failure may also strike a refund that had succeeded. `reason` as in `failure_reason`. */
  settleRefund(refundId: string, outcome: 'succeeded' | 'failed', reason?: string): Promise<Stripe.Refund>;

  /** Every event, the connected accounts' too, oldest first. */
  events(): Promise<Stripe.Event[]>;
  /** API requests received, oldest first. */
  requests(filter?: RequestFilter): Promise<LoggedRequest[]>;
  /** How often each endpoint gave each status, also where there were too many requests to keep. */
  requestCounts(): Promise<RequestCount[]>;
  /** When no API request is being worked on, those included whose client has given up. */
  requestsIdle(): Promise<void>;
  addWebhookEndpoint(endpoint: NewWebhookEndpoint): Promise<RegisteredWebhookEndpoint>;
  removeWebhookEndpoint(endpointId: string): Promise<void>;
  /** Forgets all objects, events, keys, faults and requests; webhook endpoints stay. */
  reset(): Promise<void>;
}

export interface RegisteredWebhookEndpoint {
  readonly id: string;
  readonly url: string;
  readonly secret: string;
  readonly connect: boolean;
}

export interface WebhookControl {
  /** Nothing is sent from here on; new events wait. */
  pause(): Promise<void>;
  /** Sends what waits, started in this order, and goes on as usual. */
  resume(order?: ReleaseOrder): Promise<void>;
  /** Events that wait, oldest first. */
  held(): Promise<Stripe.Event[]>;
  /** Throws away what waits: it will never be sent. Answers how many deliveries that were. */
  discardHeld(): Promise<number>;
  /** Sends these events now, one after the other, each when the one before is answered; paused or not. */
  deliver(eventIds: readonly string[]): Promise<DeliveryAttempt[]>;
  /** Sends one event so many times at once. */
  redeliver(eventId: string, times?: number): Promise<DeliveryAttempt[]>;
  /** Every event is sent so many times from now on. */
  duplicate(times: number): Promise<void>;
  /** When nothing is on its way and no retry is due. */
  idle(): Promise<void>;
  attempts(filter?: AttemptFilter): Promise<DeliveryAttempt[]>;
}

export interface AttemptFilter {
  readonly eventId?: string | undefined;
  readonly eventType?: string | undefined;
}

export interface FaultControl {
  add(rule: FaultRule): Promise<ActiveFault>;
  list(): Promise<ActiveFault[]>;
  /** When a fault has struck so many requests (1), or has been cleared. */
  whenStruck(faultId: string, times?: number): Promise<void>;
  clear(): Promise<void>;
}
