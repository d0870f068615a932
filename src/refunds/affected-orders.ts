import type { EntityManager } from '@mikro-orm/postgresql';

/**
 * Orders of a show that still hold or have tickets. Those whose tickets were taken back, or are frozen by a dispute,
 * are not among them: so work that was cut off goes on with what is left, and nothing is done twice.
 */
const AFFECTED = `
  from orders where show_id = ? and (status = 'PENDING' or (status = 'CONFIRMED' and exists (
    select from attendee where attendee.order_id = orders.id and attendee.status = 'VALID')))`;

export async function countAffected(em: EntityManager, showId: number): Promise<number> {
  const [row] = await em.execute<[{ count: number }]>(`select count(*)::int as count ${AFFECTED}`, [showId]);
  return row.count;
}

/** In the order of their ids. @param after the last one that was looked at; null to begin */
export async function nextAffected(
  em: EntityManager,
  showId: number,
  after: string | null,
  most: number,
): Promise<string[]> {
  const rows = await em.execute<{ id: string }[]>(
    `select id ${AFFECTED} and id > ?::uuid order by id limit ?`,
    [showId, after ?? '00000000-0000-0000-0000-000000000000', most],
  );
  return rows.map((row) => row.id);
}

/** Whether tickets may come to be valid again, because a dispute about them is not decided. */
export async function areSomeFrozen(em: EntityManager, showId: number): Promise<boolean> {
  const rows = await em.execute(
    `select from orders where show_id = ? and exists (
       select from attendee where attendee.order_id = orders.id and attendee.status = 'FROZEN') limit 1`,
    [showId],
  );
  return rows.length > 0;
}
