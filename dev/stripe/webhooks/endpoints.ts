import Stripe from 'stripe';
import { newId } from '../state/ids.js';
import { now } from '../state/world.js';

/** What the platform registers to be told of events. */
export interface NewWebhookEndpoint {
  readonly url: string;
  /** `whsec_…`; made up where it is not given. */
  readonly secret?: string | undefined;
  /** Takes the events of connected accounts instead of the platform's own. */
  readonly connect?: boolean | undefined;
  /** Event types, or `*` for all. */
  readonly events?: readonly string[] | undefined;
}

export interface WebhookTarget {
  readonly endpoint: Stripe.WebhookEndpoint;
  readonly secret: string;
  readonly connect: boolean;
}

/** https://docs.stripe.com/api/webhook_endpoints/object */
export class WebhookEndpoints {
  readonly #targets = new Map<string, WebhookTarget>();

  add(given: NewWebhookEndpoint): WebhookTarget {
    const endpoint: Stripe.WebhookEndpoint = {
      id: newId('we_1'),
      object: 'webhook_endpoint',
      api_version: Stripe.API_VERSION,
      application: given.connect === true ? 'ca_local' : null,
      created: now(),
      description: null,
      enabled_events: [...(given.events ?? ['*'])],
      livemode: false,
      metadata: {},
      status: 'enabled',
      url: given.url,
    };
    const target = {
      endpoint,
      secret: given.secret ?? newId('whsec_', 32),
      connect: given.connect ?? false,
    };
    this.#targets.set(endpoint.id, target);
    return target;
  }

  get(id: string): WebhookTarget | undefined {
    return this.#targets.get(id);
  }

  remove(id: string): boolean {
    return this.#targets.delete(id);
  }

  all(): WebhookTarget[] {
    return [...this.#targets.values()];
  }

  /** Who is told of an event. */
  interestedIn(event: Stripe.Event): WebhookTarget[] {
    return this.all().filter(
      ({ endpoint, connect }) =>
        endpoint.status === 'enabled' &&
        connect === (event.account !== undefined) &&
        endpoint.enabled_events.some((type) => type === '*' || type === event.type),
    );
  }
}
