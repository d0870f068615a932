import pg from 'pg';
import { LogTail } from './log-tail.js';
import { projectRoot } from './paths.js';
import { supervise } from './supervise.js';

export const TEMPLATE_DATABASE = 'boxoffice_template';

/** Makes the database that every test database is a copy of, with the program that operators migrate theirs with. */
export async function makeTemplate(url: (database: string) => string): Promise<void> {
  await execute(url('postgres'), `CREATE DATABASE ${TEMPLATE_DATABASE}`);
  await runMigrations(url(TEMPLATE_DATABASE));
  // Nobody may connect to it: a copy cannot be made while somebody is connected.
  await execute(
    url('postgres'),
    `ALTER DATABASE ${TEMPLATE_DATABASE} WITH IS_TEMPLATE true ALLOW_CONNECTIONS false`,
  );
}

async function execute(connectionString: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

/** @throws with the end of its output when the migration program fails. */
export async function runMigrations(databaseUrl: string): Promise<void> {
  const tail = new LogTail();
  const migration = await supervise({
    command: process.execPath,
    args: ['dist/src/migrate.js'],
    cwd: projectRoot,
    env: { PATH: process.env.PATH, DATABASE_URL: databaseUrl },
    onLine: (line) => tail.push(line),
  });
  const { code, signal } = await migration.closed;
  if (code !== 0) throw new Error(`dist/src/migrate.js ended with ${signal ?? `code ${code}`}:\n${tail}`);
}
