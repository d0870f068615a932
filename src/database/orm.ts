import { MikroORM, type PostgreSqlDriver } from '@mikro-orm/postgresql';
import config from '../../mikro-orm.config.js';
import { PipelinedDriver } from './driver.js';

export type Orm = MikroORM;

/**
 * Milliseconds. A database that hangs must not take its callers along: each waits for so long at most,
 * and a transaction that was left open gives its locks back.
 */
export const SERVER_TIMEOUTS = {
  // Waiting for a free connection counts too: in a rush that is the longest part.
  connectionTimeoutMillis: 15_000,
  statement_timeout: 15_000,
  query_timeout: 20_000,
  lock_timeout: 10_000,
  idle_in_transaction_session_timeout: 60_000,
} as const;

/**
 * PostgreSQL checks foreign keys by plans that each connection keeps. Made while a table is small, such a plan
 * reads all of it; a sale then fills the table, and each check takes longer, until statistics are next gathered.
 * Every statement of ours has an index to go by.
 */
const PLANNER = '-c enable_seqscan=off';

/**
 * One pool of connections for this process.
 *
 * @param poolSize the largest number of connections held at once
 * @param timeouts none where statements may take as long as they need, as in migrations
 */
export async function createOrm(
  databaseUrl: string,
  poolSize: number,
  timeouts: Partial<typeof SERVER_TIMEOUTS> = {},
): Promise<Orm> {
  return MikroORM.init({
    ...config,
    driver: PipelinedDriver as typeof PostgreSqlDriver,
    clientUrl: databaseUrl,
    pool: { min: 0, max: poolSize },
    driverOptions: { ...timeouts, options: PLANNER, pipeline: true },
    // The migrator writes plain lines to standard output, where our logs are JSON.
    migrations: { ...config.migrations, silent: true },
  });
}
