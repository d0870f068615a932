import type { EntityManager } from '@mikro-orm/postgresql';
import type { Orm } from './orm.js';
import { Pipeline } from './pipeline.js';

/**
 * A statement's plan is kept by the connection, and may have been made while a table was small: then it reads all of
 * the table, by an index, to join it with a few rows. Each of these rows is looked up instead, however many there are.
 */
const BEGIN = 'begin; set local enable_hashjoin = off; set local enable_mergejoin = off';

/**
 * Runs work in a transaction that waits for PostgreSQL three times at least, and no more often than the work itself
 * does: to begin, for what was written, and for the commit. `EntityManager.transactional` waits for each statement.
 *
 * @param work `Statement`s and new entities are sent at once; what it does not wait for is answered before the commit
 * @param signal nothing is committed once it is aborted
 */
export async function pipelined<Result>(
  orm: Orm,
  work: (em: EntityManager) => Promise<Result>,
  signal: AbortSignal,
): Promise<Result> {
  const pool = await orm.em.getConnection().getNativeClient();
  const client = await pool.connect();
  let broken = false;
  try {
    const pipeline = new Pipeline(client);
    const em = orm.em.fork();
    em.setTransactionContext(pipeline as unknown as Parameters<typeof em.setTransactionContext>[0]);
    try {
      void pipeline.query(BEGIN);
      const result = await work(em);
      await pipeline.answered();
      signal.throwIfAborted();
      await pipeline.query('commit');
      return result;
    } catch (error) {
      broken = await pipeline.rollback().then(
        () => false,
        () => true,
      );
      throw error;
    }
  } finally {
    client.release(broken);
  }
}
