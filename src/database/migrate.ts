import { runMigrations } from 'graphile-worker';
import { createOrm } from './orm.js';

/** Any two migrating processes must agree on this number, and nothing else may use it. */
const MIGRATION_LOCK = 7_236_001;

/**
 * Brings the database to the newest schema: ours through MikroORM's migrator, the job
 * queue's through its own. Safe to run from several processes at once.
 *
 * @returns the names of the migrations applied now
 */
export async function migrate(databaseUrl: string): Promise<string[]> {
  const orm = await createOrm(databaseUrl, 4);
  try {
    return await orm.em.fork().transactional(async (em) => {
      await em.execute('select pg_advisory_xact_lock(?)', [MIGRATION_LOCK]);
      const applied = await orm.migrator.up();
      await runMigrations({ connectionString: databaseUrl });
      return applied.map((migration) => migration.name);
    });
  } finally {
    await orm.close();
  }
}
