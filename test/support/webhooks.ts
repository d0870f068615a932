import Stripe from 'stripe';
import { type RawAnswer, send } from './http.js';
import type { World } from './world.js';

/** As Stripe writes the body of a delivery. */
export function bodyOf(event: object): string {
  return JSON.stringify(event, null, 2);
}

/** @param at when it is signed, in milliseconds since the epoch */
export function signature(payload: string, secret: string, at = Date.now()): string {
  return Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp: Math.floor(at / 1000) });
}

/** Posts these bytes to a webhook route, with this `Stripe-Signature` unless it is undefined. */
export function postWebhook(
  server: { readonly url: string },
  body: string | Buffer,
  header: string | undefined,
  path = '/webhooks/stripe',
  contentType = 'application/json; charset=utf-8',
): Promise<RawAnswer> {
  const headers = { 'content-type': contentType };
  return send(server, path, {
    method: 'POST',
    headers: header === undefined ? headers : { ...headers, 'stripe-signature': header },
    body,
  });
}

/** Delivers an event of the platform as Stripe would, to this server. */
export function deliverTo(
  server: { readonly url: string },
  { stripe }: Pick<World, 'stripe'>,
  event: object,
): Promise<RawAnswer> {
  const body = bodyOf(event);
  return postWebhook(server, body, signature(body, stripe.access.webhookSecret));
}

/** The newest event of this type about this object. */
export async function eventAbout(
  { stripe }: Pick<World, 'stripe'>,
  type: string,
  objectId: string,
): Promise<Stripe.Event> {
  const events = (await stripe.events()).filter(
    (event) => event.type === type && (event.data.object as { id?: string }).id === objectId,
  );
  const newest = events.at(-1);
  if (newest === undefined) throw new Error(`Stripe has made no ${type} about ${objectId}.`);
  return newest;
}

export interface StoredEvent {
  readonly account: string;
  readonly event_id: string;
  readonly type: string;
  readonly outcome: string;
  readonly deliveries: number;
  readonly attempts: number;
  readonly last_error: string | null;
  readonly order_id: string | null;
}

/** What is stored of the events that came, oldest first. */
export async function storedEvents(
  { database }: Pick<World, 'database'>,
  eventId?: string,
): Promise<StoredEvent[]> {
  const { rows } = await database.pool.query(
    'select * from webhook_event where $1::text is null or event_id = $1 order by received_at',
    [eventId ?? null],
  );
  return rows;
}
