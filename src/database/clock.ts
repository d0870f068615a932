import type { EntityManager } from '@mikro-orm/postgresql';

/** What PostgreSQL takes for the time. Holds begin and end by it: the clocks of processes may differ, or jump. */
export async function databaseNow(em: EntityManager): Promise<Date> {
  const [row] = await em.execute<{ now: Date | string }[]>('select clock_timestamp() as now');
  if (row === undefined) throw new Error('The database did not say what time it is');
  return new Date(row.now);
}
