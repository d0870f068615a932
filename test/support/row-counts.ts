import type { World } from './world.js';

/** What a purchase that fails must leave as it was. */
export interface Traces {
  readonly orders: number;
  readonly lines: number;
  readonly attendees: number;
  readonly shows: number;
  readonly producers: number;
  readonly users: number;
  readonly jobs: number;
  /** Of the audit log: what is refused changes nothing, and is not said to have. */
  readonly changes: number;
  readonly tickets: ReadonlyArray<Readonly<Record<string, unknown>>>;
}

/** Everything that an operation could have half-done: counts of all rows, and every ticket as it stands. */
export async function traces({ database }: Pick<World, 'database'>): Promise<Traces> {
  const { rows } = await database.pool.query<Traces>(`
    select (select count(*)::int from orders) as orders,
           (select count(*)::int from order_line) as lines,
           (select count(*)::int from attendee) as attendees,
           (select count(*)::int from show) as shows,
           (select count(*)::int from producer) as producers,
           (select count(*)::int from app_user) as users,
           (select count(*)::int from graphile_worker.jobs) as jobs,
           (select count(*)::int from audit_log_entry) as changes,
           (select coalesce(json_agg(ticket order by id), '[]') from ticket) as tickets`);
  return rows[0] as Traces;
}
