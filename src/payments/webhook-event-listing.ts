import type { EntityManager } from '@mikro-orm/postgresql';
import { badUserInput } from '../errors.js';
import { parseOrderId } from '../validation/ids.js';
import { decodeCursor, encodeCursor, type Page, pageSize } from '../validation/paging.js';
import type { WebhookEvent, WebhookEventOutcome } from './webhook-event.js';

export interface WebhookEventFilter {
  readonly type?: string | null | undefined;
  readonly outcome?: WebhookEventOutcome | null | undefined;
  readonly orderId?: string | null | undefined;
}

/** An event as operators see it, with what is needed to apply it once more without Stripe's copy. */
export interface StoredEvent extends WebhookEvent {
  readonly paymentIntentId: string | null;
}

interface Condition {
  readonly sql: string;
  readonly values: readonly unknown[];
}

const EVENT = `
  select event_id as id, nullif(account, '') as account, type, object_id as "objectId", order_id as "orderId",
    payment_intent_id as "paymentIntentId", endpoint, upper(outcome) as outcome, deliveries, attempts,
    last_error as "lastError", stripe_created_at as "createdAt", received_at as "receivedAt",
    processed_at as "processedAt"
  from webhook_event`;

/** Newest first. @throws AppError BAD_USER_INPUT */
export async function pageOfEvents(
  em: EntityManager,
  first: number,
  after: string | null | undefined,
  filter: WebhookEventFilter,
): Promise<Page<WebhookEvent>> {
  const size = pageSize(first);
  const position = after ? decodeCursor(after, (id) => /^[\w.]{1,255}$/.test(id)) : null;
  const wanted = conditionsOf(filter);
  const earlier: Condition[] = position
    ? [{ sql: '(received_at, event_id) < (?, ?)', values: [position.at, position.id] }]
    : [];
  const conditions = [...wanted, ...earlier];
  const found = await em.execute<StoredEvent[]>(
    `${EVENT} ${where(conditions)} order by received_at desc, event_id desc limit ?`,
    [...valuesOf(conditions), size + 1],
  );
  const nodes = found.slice(0, size).map(withDates);
  return {
    edges: nodes.map((node) => ({ node, cursor: encodeCursor({ at: node.receivedAt, id: node.id }) })),
    hasNextPage: found.length > size,
    hasPreviousPage: position !== null,
    countAll: () => count(em, wanted),
  };
}

export async function findEvent(
  em: EntityManager,
  id: string,
  account: string | null,
): Promise<StoredEvent | undefined> {
  const [found] = await em.execute<StoredEvent[]>(`${EVENT} where account = ? and event_id = ?`, [
    withoutNul(account ?? ''),
    withoutNul(id),
  ]);
  return found && withDates(found);
}

/** Those that failed and have not been done since, oldest first. */
export async function findFailedEvents(em: EntityManager, most: number): Promise<StoredEvent[]> {
  const found = await em.execute<StoredEvent[]>(
    `${EVENT} where outcome = 'failed' order by received_at limit ?`,
    [most],
  );
  return found.map(withDates);
}

/**
 * Failed events whose next attempt is due: the pauses begin with `pauseSeconds`, double each time up to six
 * hours, and end when Stripe forgets the event.
 */
export async function findEventsToRetry(
  em: EntityManager,
  most: number,
  pauseSeconds: number,
): Promise<StoredEvent[]> {
  const found = await em.execute<StoredEvent[]>(
    `${EVENT} where outcome = 'failed' and received_at > now() - interval '30 days'
       and processed_at < now() - make_interval(secs => least(? * 2 ^ least(attempts - 1, 20), 21600))
     order by received_at limit ?`,
    [pauseSeconds, most],
  );
  return found.map(withDates);
}

async function count(em: EntityManager, conditions: readonly Condition[]): Promise<number> {
  const [row] = await em.execute<{ total: number }[]>(
    `select count(*)::int as total from webhook_event ${where(conditions)}`,
    valuesOf(conditions),
  );
  return row?.total ?? 0;
}

function conditionsOf({ type, outcome, orderId }: WebhookEventFilter): Condition[] {
  if (type && !/^[\w.]{1,255}$/.test(type)) throw badUserInput('filter.type', 'Invalid event type');
  return [
    ...(type ? [{ sql: 'type = ?', values: [type] }] : []),
    ...(outcome ? [{ sql: 'outcome = ?', values: [outcome.toLowerCase()] }] : []),
    ...(orderId != null ? [{ sql: 'order_id = ?', values: [parseOrderId(orderId, 'filter.orderId')] }] : []),
  ];
}

function where(conditions: readonly Condition[]): string {
  return conditions.length === 0 ? '' : `where ${conditions.map(({ sql }) => sql).join(' and ')}`;
}

function valuesOf(conditions: readonly Condition[]): unknown[] {
  return conditions.flatMap(({ values }) => [...values]);
}

/** Statements of our own writing give instants as texts. */
function withDates(row: StoredEvent): StoredEvent {
  return {
    ...row,
    createdAt: new Date(row.createdAt),
    receivedAt: new Date(row.receivedAt),
    processedAt: new Date(row.processedAt),
  };
}

/** No id has such a character, and PostgreSQL's texts cannot. */
function withoutNul(text: string): string {
  return text.includes('\0') ? '' : text;
}
