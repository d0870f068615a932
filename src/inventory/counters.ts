import type { EntityManager } from '@mikro-orm/postgresql';
import { Statement } from '../database/index.js';
import { type RawTicketRow, TICKET_COLUMNS, type TicketRow, ticketRow } from './ticket-row.js';

/** How the counters of one ticket move; relative, so that no stale read can undo another's change. */
export interface CounterChange {
  readonly ticketId: number;
  readonly held: number;
  readonly sold: number;
}

/** A change that the present counters do not allow; the transaction must be given up. */
export class InsufficientInventoryError extends Error {
  override readonly name = 'InsufficientInventoryError';

  constructor(readonly ticketIds: readonly number[]) {
    super(`The counters of tickets ${ticketIds.join(', ')} do not allow this change`);
  }
}

const SELECT = `select ${TICKET_COLUMNS} from ticket t join show s on s.id = t.show_id
  where t.id = any (?::int[]) order by t.id`;
const READ = new Statement<RawTicketRow>(SELECT);
/**
 * As an update of counters locks them: rows that refer to a ticket may be written meanwhile, by whoever asks for this lock
 * only afterwards.
 */
const LOCK = new Statement<RawTicketRow>(`${SELECT} for no key update of t`);
const CHANGE = new Statement<RawTicketRow>(
  `update ticket t
   set held = t.held + c.held, sold = t.sold + c.sold, version = t.version + 1
   from jsonb_to_recordset(?::jsonb) as c("ticketId" int, held int, sold int), show s
   where t.id = c."ticketId" and s.id = t.show_id
     and t.held + c.held >= 0 and t.sold + c.sold >= 0
     and (c.held + c.sold <= 0 or s.status = 'PUBLISHED' and t.held + c.held + t.sold + c.sold <= t.quantity)
   returning ${TICKET_COLUMNS}`,
);

/**
 * The only writer of `quantity`, `held`, `sold` and `version`. PostgreSQL decides: each statement
 * carries its own condition, whatever lock is or is not held outside.
 */
export class InventoryCounters {
  /** The tickets as they stand, without a lock: good for refusing early, never for deciding. */
  async read(em: EntityManager, ticketIds: readonly number[]): Promise<TicketRow[]> {
    return (await READ.run(em, [arrayOf(ticketIds)])).map(ticketRow);
  }

  /** Locks the rows for the rest of the transaction, in id order so that no two wait for each other. */
  async lock(em: EntityManager, ticketIds: readonly number[]): Promise<TicketRow[]> {
    if (!em.isInTransaction()) throw new Error('Row locks outside a transaction would lock nothing');
    return (await LOCK.run(em, [arrayOf(ticketIds)])).map(ticketRow);
  }

  /**
   * Moves the counters of rows that are locked by this transaction.
   *
   * @returns the tickets as they stand afterwards
   * @throws InsufficientInventoryError where a counter would fall below zero, held + sold rise above quantity, or
   * something be taken of a show that is not on sale: whoever waited for the rows has read the show as it was before
   */
  async change(em: EntityManager, changes: readonly CounterChange[]): Promise<TicketRow[]> {
    const rows = await CHANGE.run(em, [JSON.stringify(changes)]);
    const changed = new Set(rows.map((row) => row.id));
    const refused = changes.map((change) => change.ticketId).filter((id) => !changed.has(id));
    if (refused.length > 0) throw new InsufficientInventoryError(refused);
    return rows.map(ticketRow);
  }

  /** @returns the ticket afterwards, or undefined when more than `quantity` is held or sold already */
  async setQuantity(em: EntityManager, ticketId: number, quantity: number): Promise<TicketRow | undefined> {
    const [row] = await em.execute<RawTicketRow[]>(
      `update ticket t set quantity = ?, version = t.version + 1 from show s
       where t.id = ? and s.id = t.show_id and t.held + t.sold <= ?
       returning ${TICKET_COLUMNS}`,
      [quantity, ticketId, quantity],
    );
    return row && ticketRow(row);
  }

  /** Marks that something about the ticket but its counters changed, for whoever watches versions. */
  async touch(em: EntityManager, ticketId: number): Promise<void> {
    await em.execute('update ticket set version = version + 1 where id = ?', [ticketId]);
  }

  /** The same for all tickets of a show, whose own status has changed. */
  async touchShow(em: EntityManager, showId: number): Promise<void> {
    // As `lock` does: an update alone takes the rows as it comes across them.
    await em.execute('select from ticket where show_id = ? order by id for no key update', [showId]);
    await em.execute('update ticket set version = version + 1 where show_id = ?', [showId]);
  }

  /** All tickets of these shows, in id order. */
  async ofShows(em: EntityManager, showIds: readonly number[]): Promise<TicketRow[]> {
    const rows = await em.execute<RawTicketRow[]>(
      `select ${TICKET_COLUMNS} from ticket t join show s on s.id = t.show_id
       where t.show_id = any (?::int[]) order by t.id`,
      [`{${showIds.join(',')}}`],
    );
    return rows.map(ticketRow);
  }
}

function arrayOf(ids: readonly number[]): string {
  return `{${ids.join(',')}}`;
}
