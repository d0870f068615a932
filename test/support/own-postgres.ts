import { chmodSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { type Postgres, startPostgres } from '../../dev/postgres.js';
import { runMigrations } from '../../dev/template.js';
import { fromSetup } from './run.js';

/** A PostgreSQL for one test file alone, which it may stop, and start again on the same port. */
export interface OwnPostgres {
  readonly databaseUrl: string;
  stop(): Promise<void>;
  start(): Promise<void>;
}

export async function startOwnPostgres(): Promise<OwnPostgres> {
  const directory = mkdtempSync(join(fromSetup('TEST_DIRECTORY'), 'postgres-'));
  // It may have to run as an account other than ours.
  chmodSync(directory, 0o711);
  const dataDirectory = join(directory, 'data');
  let server: Postgres = await startPostgres({ dataDirectory, durable: false });
  const { port } = server;
  const client = new pg.Client({ connectionString: server.url('postgres') });
  await client.connect();
  await client.query('create database boxoffice');
  await client.end();
  const databaseUrl = server.url('boxoffice');
  await runMigrations(databaseUrl);
  return {
    databaseUrl,
    stop: () => server.stop(),
    async start() {
      server = await startPostgres({ dataDirectory, durable: false, port });
    },
  };
}
