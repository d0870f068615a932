import type { EntityManager } from '@mikro-orm/postgresql';

/**
 * Sees to it that an account is not erased before the transaction has ended: what it adds to the account is then erased
 * with it. Waits for an erasure that is under way.
 *
 * @param em inside a transaction that has locked nothing that an erasure waits for
 * @returns false where the account was erased, or is not there
 */
export async function keepAccount(em: EntityManager, userId: string): Promise<boolean> {
  const rows = await em.execute<unknown[]>(
    'select 1 from app_user where id = ? and erased_at is null for key share',
    [userId],
  );
  return rows.length > 0;
}
