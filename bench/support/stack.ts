import { rmSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { auditInventory } from '../../dev/audit.js';
import { type Postgres, startPostgres } from '../../dev/postgres.js';
import { type Redis, startRedis } from '../../dev/redis.js';
import { makeRunDirectory } from '../../dev/run-directory.js';
import { makeTemplate, TEMPLATE_DATABASE } from '../../dev/template.js';
import { productEnvironment, type Server, startServer } from './server.js';

/** Private servers that everything measured stands on. */
export interface Stack extends AsyncDisposable {
  readonly directory: string;
  readonly postgres: Postgres;
  readonly redis: Redis;
  /** Migrated and empty. */
  createDatabase(name: string): Promise<Database>;
  /** A process of the product, running dist/src/main.js. */
  startProduct(database: Database, env?: Readonly<Record<string, string>>): Promise<Server>;
  /** A reference that is a server: an entry of bench/references, by its name. It gets the product's environment. */
  startReference(name: string, database: Database): Promise<Server>;
}

export interface Database extends AsyncDisposable {
  readonly name: string;
  readonly url: string;
  readonly pool: pg.Pool;
  /**
   * Compares inventory with orders, and what was sold with what buyers were told.
   *
   * @throws when they contradict each other: that is an oversell, or an order lost.
   */
  audit(toldSold: number): Promise<void>;
}

const SETTINGS = { max_connections: '300' };

/**
 * PostgreSQL is durable: a commit waits for the disk.
 *
 * @param settings more of its parameters
 */
export async function startStack(settings: Readonly<Record<string, string>> = {}): Promise<Stack> {
  await using stack = new AsyncDisposableStack();
  const directory = makeRunDirectory('boxoffice-bench-');
  stack.defer(() => rmSync(directory, { recursive: true, force: true }));
  const postgres = await startPostgres({
    dataDirectory: join(directory, 'postgres'),
    settings: { ...SETTINGS, ...settings },
  });
  stack.defer(() => postgres.stop());
  await makeTemplate(postgres.url);
  const redis = await startRedis({ directory: join(directory, 'redis') });
  stack.defer(() => redis.stop());
  const running = stack.move();
  const environment = (database: Database) => productEnvironment(database.url, redis.url);
  return {
    directory,
    postgres,
    redis,
    createDatabase: (name) => createDatabase(postgres, name),
    startProduct: (database, env = {}) =>
      startServer({ entry: 'dist/src/main.js', env: { ...environment(database), ...env }, directory }),
    startReference: (name, database) =>
      startServer({ entry: `dist/bench/references/${name}.js`, env: environment(database), directory }),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

async function createDatabase(postgres: Postgres, name: string): Promise<Database> {
  await administrate(postgres, `CREATE DATABASE ${name} TEMPLATE ${TEMPLATE_DATABASE}`);
  const url = postgres.url(name);
  const pool = new pg.Pool({ connectionString: url, max: 3 });
  pool.on('error', () => undefined);
  return {
    name,
    url,
    pool,
    async audit(toldSold) {
      // The planner still thinks that there are no orders, and would look through all of them for each ticket.
      await pool.query('ANALYZE');
      await auditInventory(pool);
      const { rows } = await pool.query<{ sold: number }>('SELECT sum(sold)::int AS sold FROM ticket');
      if (rows[0]?.sold !== toldSold) {
        throw new Error(`Buyers were told of ${toldSold} tickets sold; the database has ${rows[0]?.sold}.`);
      }
    },
    async [Symbol.asyncDispose]() {
      await pool.end();
      await administrate(postgres, `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

async function administrate(postgres: Postgres, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: postgres.url('postgres') });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
