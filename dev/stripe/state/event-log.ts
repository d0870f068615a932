import Stripe from 'stripe';
import { newId } from './ids.js';
import { snapshot } from './snapshot.js';
import type { Store } from './store.js';

/** The event types that the local Stripe makes. */
export type EventType = Stripe.Event['type'];
type Subject<T extends EventType> = Extract<Stripe.Event, { type: T }>['data']['object'];

/** The API request that caused events: they name it (https://docs.stripe.com/api/events/object). */
export interface Cause {
  readonly requestId: string;
  readonly idempotencyKey: string | null;
}

export interface EmitOptions {
  /** Set for events of a connected account: these go to the Connect endpoints. */
  readonly account?: string;
  /** The values before an update, as in `data.previous_attributes`. */
  readonly previous?: object;
}

/** Makes events, keeps them for `GET /v1/events`, and hands each to the webhook deliveries. */
export class EventLog {
  #cause: Cause | null = null;

  constructor(
    private readonly store: () => Store,
    private readonly onEvent: (event: Stripe.Event) => void,
  ) {}

  /** Events emitted while `work` runs (synchronously) name this request as their cause. */
  causedBy<T>(cause: Cause, work: () => T): T {
    const outer = this.#cause;
    this.#cause = cause;
    try {
      return work();
    } finally {
      this.#cause = outer;
    }
  }

  emit<T extends EventType>(type: T, subject: Subject<T>, options: EmitOptions = {}): Stripe.Event {
    const event = {
      id: newId(options.account === undefined ? 'evt_3' : 'evt_1', 23),
      object: 'event',
      ...(options.account === undefined ? {} : { account: options.account }),
      api_version: Stripe.API_VERSION,
      created: Math.floor(Date.now() / 1000),
      data: {
        object: snapshot(subject),
        ...(options.previous === undefined ? {} : { previous_attributes: snapshot(options.previous) }),
      },
      livemode: false,
      pending_webhooks: 0,
      request: { id: this.#cause?.requestId ?? null, idempotency_key: this.#cause?.idempotencyKey ?? null },
      type,
    } as unknown as Stripe.Event;
    this.store().events.add(event);
    this.onEvent(event);
    return event;
  }
}
