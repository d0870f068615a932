import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { type Postgres, startPostgres } from '../../../dev/postgres.js';
import { runMigrations } from '../../../dev/template.js';

const DATABASE = 'boxoffice';

/** A PostgreSQL that was made and migrated once, of which each run of a row gets a copy of its own. */
export interface Prepared {
  /** @param place where its data is to lie; made if it does not exist */
  start(place: string, settings?: Readonly<Record<string, string>>): Promise<PrivatePostgres>;
}

/** A PostgreSQL that may be killed, and started again on the same port. */
export interface PrivatePostgres extends AsyncDisposable {
  readonly port: number;
  /** Past all proxies. */
  readonly databaseUrl: string;
  /** Undefined while it does not run. */
  readonly pid: number | undefined;
  kill(): Promise<void>;
  stop(): Promise<void>;
  /** @throws with the end of its log when it does not start */
  start(): Promise<void>;
}

export async function prepare(directory: string): Promise<Prepared> {
  const original = join(directory, 'prepared');
  const postgres = await startPostgres({ dataDirectory: original, durable: false });
  const client = new pg.Client({ connectionString: postgres.url('postgres') });
  await client.connect();
  await client.query(`create database ${DATABASE}`);
  await client.end();
  await runMigrations(postgres.url(DATABASE));
  await postgres.stop();
  return {
    async start(place, settings = {}) {
      mkdirSync(place, { recursive: true });
      // It may have to run as an account other than ours.
      chmodSync(place, 0o711);
      const dataDirectory = join(place, 'postgres');
      // With its owner, which Node.js does not copy.
      execFileSync('cp', ['-Rp', `${original}/`, dataDirectory]);
      return startPrivate(dataDirectory, { max_connections: '200', ...settings });
    },
  };
}

async function startPrivate(
  dataDirectory: string,
  settings: Readonly<Record<string, string>>,
): Promise<PrivatePostgres> {
  // Killing a process loses nothing that was handed to the system, durable or not; the machine itself is never lost here.
  const start = (port?: number) => startPostgres({ dataDirectory, durable: false, settings, port });
  let server: Postgres | undefined = await start();
  const { port } = server;
  const databaseUrl = server.url(DATABASE);
  const watch = (current: Postgres) =>
    void current.exited.then(() => {
      if (server === current) server = undefined;
    });
  watch(server);
  return {
    port,
    databaseUrl,
    get pid() {
      return server?.pid;
    },
    async kill() {
      await server?.kill();
    },
    async stop() {
      await server?.stop();
    },
    async start() {
      server = await start(port);
      watch(server);
    },
    async [Symbol.asyncDispose]() {
      await server?.stop();
    },
  };
}
