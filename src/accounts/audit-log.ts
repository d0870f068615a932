import type { EntityManager } from '@mikro-orm/postgresql';
import { decodeCursor, encodeCursor, type Page, pageSize } from '../validation/paging.js';
import type { AuditLogAction, AuditLogEntry } from './audit-log-entry.js';

export interface AuditedChange {
  readonly action: AuditLogAction;
  /** Null for what nobody asked for: Boxoffice itself, Stripe, the command line. */
  readonly actorId: string | null;
  /** Whose business it is, if any producer's; or the show that tells. */
  readonly of?: { readonly producerId: number } | { readonly showId: number };
  readonly subject: readonly [
    type: 'Producer' | 'Show' | 'Ticket' | 'Order' | 'Refund' | 'User' | 'WebhookEvent',
    id: string | number,
  ];
  /** Ids, amounts and names of shows and tickets: nothing that is about a person, since it stays for ever. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** @param em inside the transaction that makes the change: there is never one without the other */
export async function recordChange(em: EntityManager, change: AuditedChange): Promise<void> {
  const { action, actorId, of, subject, details = {} } = change;
  const producerId = of && 'producerId' in of ? of.producerId : null;
  const showId = of && 'showId' in of ? of.showId : null;
  await em.execute(
    `insert into audit_log_entry (action, actor_id, producer_id, subject_type, subject_id, details)
     values (?, ?, coalesce(?::int, (select producer_id from show where id = ?)), ?, ?, ?::jsonb)`,
    [action, actorId, producerId, showId, subject[0], String(subject[1]), JSON.stringify(details)],
  );
}

/** Of two states of the same thing, what differs; undefined where nothing does. */
export function changesBetween<State extends object>(
  before: State,
  after: State,
): Record<string, { from: unknown; to: unknown }> | undefined {
  const changes = (Object.keys(after) as (keyof State & string)[]).flatMap((name) => {
    const [from, to] = [plain(before[name]), plain(after[name])];
    return from === to ? [] : [[name, { from, to }] as const];
  });
  return changes.length === 0 ? undefined : Object.fromEntries(changes);
}

function plain(value: unknown): unknown {
  return value instanceof Date ? value.toISOString() : value;
}

/**
 * Newest first.
 *
 * @param producerId of one producer; null for everybody's and the platform's own
 * @throws AppError BAD_USER_INPUT
 */
export async function pageOfAuditLog(
  em: EntityManager,
  producerId: number | null,
  first: number,
  after: string | null | undefined,
): Promise<Page<AuditLogEntry>> {
  const size = pageSize(first);
  const position = after == null ? null : decodeCursor(after, (id) => /^[1-9]\d{0,17}$/.test(id));
  const ofProducer = producerId === null ? [] : [{ sql: 'producer_id = ?', values: [producerId] }];
  const earlier =
    position === null ? [] : [{ sql: '(occurred_at, id) < (?, ?)', values: [position.at, position.id] }];
  const conditions = [...ofProducer, ...earlier];
  const where = conditions.length === 0 ? '' : `where ${conditions.map(({ sql }) => sql).join(' and ')}`;
  const found = await em.execute<AuditLogEntry[]>(
    `select id::text as id, action, actor_id as "actorId", subject_type as "subjectType", subject_id as "subjectId",
       details, occurred_at as "occurredAt"
     from audit_log_entry as entry ${where} order by occurred_at desc, entry.id desc limit ?`,
    [...conditions.flatMap(({ values }): unknown[] => values), size + 1],
  );
  // Statements of our own writing give instants as texts.
  const nodes = found.slice(0, size).map((row) => ({ ...row, occurredAt: new Date(row.occurredAt) }));
  return {
    edges: nodes.map((node) => ({ node, cursor: encodeCursor({ at: node.occurredAt, id: node.id }) })),
    hasNextPage: found.length > size,
    hasPreviousPage: position !== null,
    countAll: () => countEntries(em, producerId),
  };
}

async function countEntries(em: EntityManager, producerId: number | null): Promise<number> {
  const [row] = await em.execute<{ total: number }[]>(
    'select count(*)::int as total from audit_log_entry where ?::int is null or producer_id = ?',
    [producerId, producerId],
  );
  return row?.total ?? 0;
}
