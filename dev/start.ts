import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { type Demo, seedDemo } from './demo.js';
import { isPortFree } from './ports.js';
import { type Postgres, startPostgres } from './postgres.js';
import { findRedisBinary, startRedis } from './redis.js';
import type { Call } from './seller.js';
import { claim, describeInstance, type Instance, StartError } from './start/instance.js';
import { openLogFile, worthShowing } from './start/log-file.js';
import { buildGraphiql, runToEnd, startApiServer } from './start/programs.js';
import { step } from './start/progress.js';
import { Shutdown } from './start/shutdown.js';
import { type StripeBackend, startStripe } from './start/stripe.js';
import { welcome } from './start/welcome.js';
import type { Exit } from './supervise.js';

const DATABASE = 'boxoffice';
/** Far from PORT, so that starts on neighbouring ports stay out of each other's way. */
const POSTGRES_OFFSET = 20_000;
const HIGHEST_PORT = 65_535;
const SERVER_STOP_MS = 30_000;

/** Ignored, so that demo data never gets into a database, or past a lock, that serves something else. */
const NOT_INHERITED = ['DATABASE_URL', 'REDIS_URL', 'REDLOCK_URLS', 'NODE_ENV', 'NODE_OPTIONS'];

/** Starts everything, in order, and then waits for the first thing to end that should not. */
async function open(instance: Instance, shutdown: Shutdown): Promise<never> {
  const { directory, port } = instance;
  console.log(`Starting Boxoffice on port ${port}; its data and logs are in ${instance.shownDirectory}`);
  const serverLog = openLogFile(join(directory, 'server.log'));
  const postgres = await openPostgres(instance, shutdown);
  const redis = await openRedis(instance, shutdown);
  const stripe = await step(
    'Stripe',
    () => startStripe(instance),
    ({ description }) => description,
  );
  shutdown.add('Stripe', () => stripe.stop());
  const env = serverEnvironment(instance, postgres.url(DATABASE), redis?.url, stripe);
  await step(
    'schema',
    () => runToEnd(['dist/src/migrate.js'], env, serverLog),
    () => 'up to date',
  );
  await step(
    'GraphiQL',
    () => buildGraphiql(env, serverLog),
    (built) => (built ? 'built' : 'already built'),
  );
  const server = await step(
    'server',
    () => startApiServer(instance.localUrl, env, (line) => reportLine(line, serverLog)),
    () => instance.publicUrl,
  );
  shutdown.add('the server', () => server.stop('SIGTERM', SERVER_STOP_MS));
  const demo = await step(
    'demo',
    () => seed(instance, stripe),
    () => 'shows are on sale',
  );
  console.log(
    welcome({
      instance,
      demo,
      hasRedis: redis !== undefined,
      stripeUrl: stripe.url,
      databaseUrl: postgres.url(DATABASE),
    }),
  );
  return await firstToEnd([
    ['The server', server.exited],
    ['PostgreSQL', postgres.exited],
  ]);
}

async function openPostgres(instance: Instance, shutdown: Shutdown): Promise<Postgres> {
  const preferred = instance.port + POSTGRES_OFFSET;
  const isUsable = preferred <= HIGHEST_PORT && (await isPortFree(preferred));
  const postgres = await step(
    'PostgreSQL',
    () =>
      startPostgres({
        dataDirectory: join(instance.directory, 'postgres'),
        ...(isUsable && { port: preferred }),
        log: openLogFile(join(instance.directory, 'postgres.log')),
      }),
    ({ port }) => `127.0.0.1:${port}`,
  );
  shutdown.add('PostgreSQL', () => postgres.stop());
  await ensureDatabase(postgres);
  return postgres;
}

async function ensureDatabase(postgres: Postgres): Promise<void> {
  const client = new pg.Client({ connectionString: postgres.url('postgres') });
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
  } finally {
    await client.end();
  }
}

async function openRedis(instance: Instance, shutdown: Shutdown): Promise<{ url: string } | undefined> {
  if (findRedisBinary() === undefined) return undefined;
  const { directory } = instance;
  const redis = await step(
    'Redis',
    () => startRedis({ directory: join(directory, 'redis'), log: openLogFile(join(directory, 'redis.log')) }),
    ({ port }) => `127.0.0.1:${port}`,
  );
  shutdown.add('Redis', () => redis.stop());
  return redis;
}

function serverEnvironment(
  instance: Instance,
  databaseUrl: string,
  redisUrl: string | undefined,
  stripe: StripeBackend,
): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !NOT_INHERITED.includes(name));
  const mailDirectory = join(instance.directory, 'mail');
  mkdirSync(mailDirectory, { recursive: true });
  return {
    MAIL_DIRECTORY: mailDirectory,
    ...Object.fromEntries(inherited),
    ...stripe.env,
    NODE_ENV: 'development',
    HOST: instance.host,
    PORT: String(instance.port),
    PUBLIC_URL: instance.publicUrl,
    DATABASE_URL: databaseUrl,
    ...(redisUrl !== undefined && { REDIS_URL: redisUrl }),
  };
}

function reportLine(line: string, log: (line: string) => void): void {
  log(line);
  const shown = worthShowing(line);
  if (shown !== undefined) console.error(`  ${shown}`);
}

function seed(instance: Instance, stripe: StripeBackend): Promise<Demo> {
  return seedDemo({
    send: (token) => caller(instance.localUrl, token),
    returnUrl: `${instance.publicUrl}/graphiql`,
    ...(stripe.finishOnboarding && { finishOnboarding: stripe.finishOnboarding }),
  });
}

function caller(localUrl: string, token: string | undefined): Call {
  return async <Data>(query: string, variables: Readonly<Record<string, unknown>>): Promise<Data> => {
    const response = await fetch(`${localUrl}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
      body: JSON.stringify({ query, variables }),
    });
    const answer = (await response.json()) as { data?: Data; errors?: Array<{ message: string }> };
    if (answer.errors || !answer.data) {
      const reasons = answer.errors?.map(({ message }) => message).join('; ') ?? `HTTP ${response.status}`;
      throw new Error(`The demo could not be set up: ${reasons}`);
    }
    return answer.data;
  };
}

async function firstToEnd(servers: ReadonlyArray<readonly [string, Promise<Exit>]>): Promise<never> {
  const reason = await Promise.race(
    servers.map(async ([name, exited]) => {
      const { code, signal } = await exited;
      return `${name} has ended (${signal ?? `code ${code}`}), which it should not.`;
    }),
  );
  throw new StartError(`${reason} See the logs.`);
}

function interruption(): Promise<'interrupted'> {
  return new Promise((resolve) => {
    let asked = false;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        // Asked twice, somebody is in a hurry. What we leave running ends because we do; see supervise.ts.
        if (asked) process.exit(1);
        asked = true;
        resolve('interrupted');
      });
    }
  });
}

/** The message and what led to it. Our errors carry the end of the log of whatever failed; a stack adds nothing. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}\n${explain(error.cause)}`;
}

async function main(): Promise<number> {
  const shutdown = new Shutdown();
  const interrupted = interruption();
  // The terminal may be gone when there is still something to say.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  try {
    const instance = describeInstance(process.env);
    shutdown.add('the lock', await claim(instance));
    await Promise.race([interrupted, open(instance, shutdown)]);
    console.log('\nStopping');
    await shutdown.run();
    return 0;
  } catch (error) {
    console.error(explain(error));
    await shutdown.run();
    return 1;
  }
}

process.exit(await main());
