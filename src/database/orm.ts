import { MikroORM } from '@mikro-orm/postgresql';
import config from '../../mikro-orm.config.js';

export type Orm = MikroORM;

/**
 * One pool of connections for this process.
 *
 * @param poolSize the largest number of connections held at once
 */
export async function createOrm(databaseUrl: string, poolSize: number): Promise<Orm> {
  return MikroORM.init({
    ...config,
    clientUrl: databaseUrl,
    pool: { min: 0, max: poolSize },
    // The migrator writes plain lines to standard output, where our logs are JSON.
    migrations: { ...config.migrations, silent: true },
  });
}
