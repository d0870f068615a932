import type { EntityManager } from '@mikro-orm/postgresql';
import { Statement } from '../database/index.js';

// Locked as the foreign key of an order locks them anyway.
const KEEP = new Statement<{ id: string }>(
  'select id from app_user where id = any (?::uuid[]) and erased_at is null order by id for key share',
);

/**
 * Sees to it that accounts which buy are not erased before their orders are there to be erased with them. Asks nothing
 * where nobody is signed in.
 *
 * @param em inside a transaction
 * @returns those that are there, and were not erased before
 */
export async function keepBuyers(em: EntityManager, userIds: readonly string[]): Promise<Set<string>> {
  if (userIds.length === 0) return new Set();
  const rows = await KEEP.run(em, [`{${[...new Set(userIds)].join(',')}}`]);
  return new Set(rows.map(({ id }) => id));
}
