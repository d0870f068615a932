import pg from 'pg';
import type { TestDatabase } from './database.js';
import { eventually } from './eventually.js';

/**
 * Stands in the way of every order of one show, in the middle of the transaction that makes it: rows are locked, and
 * so is whatever the server locks outside the database.
 */
export interface OrderGate extends AsyncDisposable {
  /** Resolves once so many transactions stand before it. */
  waiting(count?: number): Promise<void>;
  /** Lets everyone through, now and from here on. */
  open(): Promise<void>;
}

/** Closed from the start; opened at the latest when it is disposed of. */
export async function closeGate({ url }: TestDatabase, showId: string): Promise<OrderGate> {
  const id = Number(showId);
  const keeper = new pg.Client({ connectionString: url });
  await keeper.connect();
  await keeper.query('select pg_advisory_lock($1)', [id]);
  await keeper.query(`
    create function gate_${id}() returns trigger language plpgsql as $$
      begin perform pg_advisory_xact_lock_shared(${id}); return new; end $$;
    create trigger gate before insert on orders for each row when (new.show_id = ${id})
      execute function gate_${id}();
  `);
  let opening: Promise<void> | undefined;
  const open = async (): Promise<void> => {
    await keeper.query('select pg_advisory_unlock($1)', [id]);
    await keeper.query(`drop function gate_${id} cascade`);
    await keeper.end();
  };
  const openOnce = () => {
    opening ??= open();
    return opening;
  };
  return {
    async waiting(count = 1) {
      await eventually(`${count} orders of show ${id} stand before the gate`, async () => {
        const { rowCount } = await keeper.query(
          `select from pg_locks join pg_database on pg_database.oid = pg_locks.database
           where locktype = 'advisory' and not granted and objid = $1 and datname = current_database()`,
          [id],
        );
        return (rowCount ?? 0) >= count;
      });
    },
    open: openOnce,
    [Symbol.asyncDispose]: openOnce,
  };
}
