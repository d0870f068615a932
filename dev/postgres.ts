import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { type Launch, launch } from './launch.js';
import { freePort } from './ports.js';
import { type Account, serverAccount } from './postgres/account.js';
import { findBinaries } from './postgres/binaries.js';
import {
  type Cluster,
  createCluster,
  hasCluster,
  openCluster,
  SUPERUSER,
  serverEnvironment,
} from './postgres/cluster.js';
import { stopOrphan } from './postgres/orphan.js';
import { findPlace } from './postgres/place.js';
import type { Exit, Supervised } from './supervise.js';

export interface PostgresOptions {
  /** Made if it does not exist; kept afterwards. */
  readonly dataDirectory: string;
  /** Some free one if not given. */
  readonly port?: number;
  /** False gives up surviving a crash of the machine, for speed; not one of the server. True unless given. */
  readonly durable?: boolean;
  /** Server parameters, by PostgreSQL's names. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Called with every line of the server's log. */
  readonly log?: (line: string) => void;
}

export interface Postgres {
  readonly port: number;
  readonly pid: number;
  readonly exited: Promise<Exit>;
  url(database: string): string;
  signal(name: NodeJS.Signals): void;
  /** PostgreSQL's fast shutdown: connections are ended, transactions rolled back, everything is written. */
  stop(): Promise<void>;
  /** SIGKILL: the next start has to recover. */
  kill(): Promise<void>;
}

const START_TIMEOUT_MS = 60_000;
const STOP_GRACE_MS = 20_000;
const ATTEMPTS = 100;
const RETRY_MS = 100;

const DEFAULTS: Record<string, string> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  logging_collector: 'off',
};
/**
 * https://www.postgresql.org/docs/18/non-durability.html without `synchronous_commit = off`: a commit that was
 * acknowledged then still outlives the server's own death, which tests rely on, for next to nothing.
 */
const NOT_DURABLE: Record<string, string> = {
  fsync: 'off',
  full_page_writes: 'off',
};

/**
 * Starts a PostgreSQL of our own on 127.0.0.1 and waits until it answers. It ends with us, however we end.
 *
 * @throws with the end of the server's log when it does not start.
 */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const durable = options.durable ?? true;
  const account = serverAccount(options.dataDirectory);
  const binaries = findBinaries(account);
  const place = await findPlace(options.dataDirectory, account);
  if (!hasCluster(place)) await createCluster(place, binaries, account, durable);
  const cluster = openCluster(place);
  await stopOrphan(cluster.directory);
  const settings = { ...DEFAULTS, ...(durable ? {} : NOT_DURABLE), ...options.settings };
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port ?? (await freePort());
    const { server, tail, failure } = await launchServer({
      command: binaries.postgres,
      account,
      cluster,
      port,
      settings,
      log: options.log,
    });
    if (!failure) return serve(server, cluster, port);
    const otherPort = options.port === undefined && tail.includes('could not bind IPv4 address');
    // After SIGKILL of the server itself, its backends need a moment to notice and to leave.
    const leaving = tail.includes('pre-existing shared memory block');
    if (attempt >= ATTEMPTS || !(otherPort || leaving)) throw failure;
    if (leaving) await delay(RETRY_MS);
  }
}

interface ServerOptions {
  readonly command: string;
  readonly account: Account | undefined;
  readonly cluster: Cluster;
  readonly port: number;
  readonly settings: Record<string, string>;
  readonly log: ((line: string) => void) | undefined;
}

async function launchServer({
  command,
  account,
  cluster,
  port,
  settings,
  log,
}: ServerOptions): Promise<Launch> {
  const parameters = Object.entries({ ...settings, port: String(port) });
  const launched = await launch({
    name: `PostgreSQL in ${cluster.directory}`,
    command,
    args: ['-D', cluster.directory, ...parameters.flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    ...account,
    cwd: '/',
    env: serverEnvironment(),
    orphanSignal: 'SIGINT',
    orphanGraceSeconds: STOP_GRACE_MS / 1000,
    onLine: log,
    isReady: (line) => line.includes('database system is ready to accept connections'),
    readyTimeoutMs: START_TIMEOUT_MS,
  });
  if (!launched.failure) await answers(urlOf(cluster, port, 'postgres'));
  return launched;
}

async function answers(connectionString: string): Promise<void> {
  const client = new pg.Client({ connectionString });
  // It may be killed in this very moment; then whoever uses it next is told.
  client.on('error', () => undefined);
  await client.connect();
  await client.end();
}

function urlOf(cluster: Cluster, port: number, database: string): string {
  return `postgres://${SUPERUSER}:${cluster.password}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
}

function serve(server: Supervised, cluster: Cluster, port: number): Postgres {
  return {
    port,
    pid: server.pid,
    exited: server.exited,
    url: (database) => urlOf(cluster, port, database),
    signal: (name) => server.signal(name),
    async stop() {
      await server.stop('SIGINT', STOP_GRACE_MS);
    },
    async kill() {
      await server.kill();
    },
  };
}
