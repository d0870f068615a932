import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { fromSetup } from './run.js';

/** A migrated, empty database that no other test sees. */
export interface TestDatabase {
  readonly name: string;
  readonly url: string;
  /** For the test's own looks and nudges; at most 3 connections. */
  readonly pool: pg.Pool;
  /** Ends every connection to it and removes it. */
  drop(): Promise<void>;
}

export async function createTestDatabase(): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  await administrate(`CREATE DATABASE ${name} TEMPLATE ${fromSetup('TEST_TEMPLATE_DATABASE')}`);
  const address = new URL(fromSetup('TEST_POSTGRES_URL'));
  address.pathname = `/${name}`;
  const pool = new pg.Pool({ connectionString: address.href, max: 3 });
  // An idle connection that the server ends is an error event; a test that kills its server means it.
  pool.on('error', () => undefined);
  // Stripe is asked for events only where a test is about that; see beginReconciling.
  await pool.query("update stripe_event_cursor set due_at = 'infinity'");
  return {
    name,
    url: address.href,
    pool,
    async drop() {
      await pool.end();
      await administrate(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    },
  };
}

/** From here on the workers ask Stripe for events that never arrived, as often as their environment says. */
export async function beginReconciling({ pool }: Pick<TestDatabase, 'pool'>): Promise<void> {
  await pool.query('update stripe_event_cursor set due_at = now()');
}

async function administrate(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: fromSetup('TEST_POSTGRES_URL') });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
