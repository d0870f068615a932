import type { EntityManager } from '@mikro-orm/postgresql';
import type Stripe from 'stripe';
import type { Orm } from '../database/index.js';
import { isUuid } from '../validation/ids.js';
import type { WebhookEndpoint } from './webhook-handler.js';

/** How an event came to be processed. */
export interface Arrival {
  /** Absent where it did not arrive: found by asking Stripe, or replayed. */
  readonly endpoint?: WebhookEndpoint;
  /** Even where it is done already. */
  readonly again?: boolean;
}

/** What an event came to, once it is done. */
export type StoredOutcome = 'applied' | 'ignored' | 'refused';

const MOST_ERROR_CHARACTERS = 1_000;

/** The rows of webhook_event: one per event, whether it arrived once, often, or never. */
export class WebhookEventStore {
  constructor(private readonly orm: Orm) {}

  /** @returns false where the event is not done: it is new, or all its attempts have failed */
  async countRepetition(event: Stripe.Event, arrival: Arrival): Promise<boolean> {
    const rows = await this.orm.em.fork().execute(
      `update webhook_event set deliveries = deliveries + ?
       where account = ? and event_id = ? and outcome <> 'failed' returning event_id`,
      [arrivals(arrival), event.account ?? '', event.id],
    );
    return rows.length > 0;
  }

  /**
   * A second delivery waits here for the first one's transaction, and finds its row or takes its place.
   *
   * @param em inside the transaction of the event's effect
   * @returns false where the event is done already
   */
  async begin(em: EntityManager, event: Stripe.Event, arrival: Arrival): Promise<boolean> {
    const rows = await em.execute(
      `${INSERT}
       on conflict (account, event_id) do update set ${COUNT_ATTEMPT}, outcome = excluded.outcome
       where webhook_event.outcome = 'failed' or ?
       returning event_id`,
      [...insertValues(event, arrival, 'received', null), arrival.again === true],
    );
    return rows.length > 0;
  }

  /** @param em the one that `begin` was called with */
  async finish(em: EntityManager, event: Stripe.Event, outcome: StoredOutcome): Promise<void> {
    await em.execute(
      'update webhook_event set outcome = ?, processed_at = now() where account = ? and event_id = ?',
      [outcome, event.account ?? '', event.id],
    );
  }

  /** In a transaction of its own: that of the attempt was rolled back. What was done before stays done. */
  async noteFailure(event: Stripe.Event, arrival: Arrival, error: string): Promise<void> {
    await this.orm.em.fork().execute(
      `${INSERT}
       on conflict (account, event_id) do update set ${COUNT_ATTEMPT}, last_error = excluded.last_error,
         processed_at = now()`,
      insertValues(event, arrival, 'failed', withoutNul(error).slice(0, MOST_ERROR_CHARACTERS)),
    );
  }

  /** Of these events of one account, those that are not done. */
  async missing(events: readonly Stripe.Event[]): Promise<Stripe.Event[]> {
    if (events.length === 0) return [];
    const rows = await this.orm.em.fork().execute<{ event_id: string }[]>(
      `select event_id from webhook_event
       where account = ? and outcome <> 'failed' and event_id in (${events.map(() => '?').join(', ')})`,
      [events[0]?.account ?? '', ...events.map(({ id }) => id)],
    );
    const done = new Set(rows.map((row) => row.event_id));
    return events.filter(({ id }) => !done.has(id));
  }
}

const COUNT_ATTEMPT = `attempts = webhook_event.attempts + 1,
  deliveries = webhook_event.deliveries + excluded.deliveries,
  endpoint = coalesce(webhook_event.endpoint, excluded.endpoint)`;

const INSERT = `
  insert into webhook_event (account, event_id, type, stripe_created_at, object_id, payment_intent_id, order_id,
    endpoint, deliveries, outcome, last_error)
  values (?, ?, ?, to_timestamp(?), ?, ?,
    coalesce((select id from orders where id = ?), (select id from orders where checkout_session_id = ?),
      (select id from orders where payment_intent_id = ? limit 1)),
    ?, ?, ?, ?)`;

function insertValues(event: Stripe.Event, arrival: Arrival, outcome: string, error: string | null) {
  const { objectId, paymentIntentId, orderId } = subjectOf(event);
  const values = [event.account ?? '', event.id, event.type, event.created, objectId, paymentIntentId];
  return [
    ...values,
    orderId,
    objectId,
    paymentIntentId,
    arrival.endpoint ?? null,
    arrivals(arrival),
    outcome,
    error,
  ];
}

const arrivals = ({ endpoint }: Arrival) => (endpoint === undefined ? 0 : 1);

/** What the payload says that it is about; nothing of it is personal. */
function subjectOf(event: Stripe.Event) {
  const object = event.data.object as {
    id?: unknown;
    object?: unknown;
    payment_intent?: unknown;
    metadata?: { order_id?: unknown } | null;
  };
  const objectId = stripeId(object.id);
  const orderId = object.metadata?.order_id;
  return {
    objectId,
    paymentIntentId: object.object === 'payment_intent' ? objectId : stripeId(object.payment_intent),
    orderId: typeof orderId === 'string' && isUuid(orderId) ? orderId : null,
  };
}

/** An object may stand there by its id, or whole. */
function stripeId(value: unknown): string | null {
  const id = typeof value === 'object' && value !== null ? (value as { id?: unknown }).id : value;
  return typeof id === 'string' && /^\w{1,255}$/.test(id) ? id : null;
}

/** PostgreSQL's texts have no such character. */
function withoutNul(text: string): string {
  return text.replaceAll('\0', '');
}
