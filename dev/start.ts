import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Demo, seedDemo } from './demo.js';
import { projectRoot } from './paths.js';
import { findRedisBinary, startRedis } from './redis.js';
import type { Call } from './seller.js';
import { Databases, openPostgres } from './start/database.js';
import { claim, describeInstance, type Instance, StartError, shown } from './start/instance.js';
import { openLogFile, worthShowing } from './start/log-file.js';
import { buildGraphiql, runToEnd, startApiServer } from './start/programs.js';
import { report, step } from './start/progress.js';
import { Shutdown } from './start/shutdown.js';
import { type StripeBackend, startStripe } from './start/stripe.js';
import { welcome } from './start/welcome.js';
import type { Exit } from './supervise.js';

const SERVER_STOP_MS = 30_000;
/** The terminal tells us of one Ctrl-C, and npm passes it on once more. */
const SAME_CTRL_C_MS = 500;

/** Ignored, so that demo data never gets into a database, or past a lock, that serves something else. */
const NOT_INHERITED = ['DATABASE_URL', 'REDIS_URL', 'REDLOCK_URLS', 'NODE_ENV', 'NODE_OPTIONS'];

/** Starts everything, in order, and then waits for the first thing to end that should not. */
async function open(instance: Instance, shutdown: Shutdown): Promise<never> {
  const { directory, port } = instance;
  console.log(`Starting Boxoffice on port ${port}; its data and logs are in ${instance.shownDirectory}`);
  const serverLog = openLogFile(join(directory, 'server.log'));
  const postgres = await step(
    'PostgreSQL',
    () => openPostgres(instance),
    ({ port }) => `127.0.0.1:${port}`,
  );
  shutdown.add('PostgreSQL', () => postgres.stop());
  const databases = new Databases(postgres);
  const redis = await openRedis(instance, shutdown);
  const stripe = await step(
    'Stripe',
    () => startStripe(instance, (id) => databases.has(id)),
    ({ description }) => description,
  );
  shutdown.add('Stripe', () => stripe.stop());
  const database = await databases.open(stripe.id);
  const env = serverEnvironment(instance, database.url, redis?.url, stripe);
  await step(
    'schema',
    () => runToEnd(['dist/src/migrate.js'], env, serverLog),
    () => 'up to date',
  );
  if (database.leftBehind.length > 0) {
    report('database', `a new one for a new Stripe; kept beside it: ${database.leftBehind.join(', ')}`);
  }
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
      stripeUrl: stripe.url,
      databaseUrl: database.url,
      mail: env.SMTP_URL ? 'goes to SMTP_URL' : `${shown(mailDirectory(env))}/*.eml`,
    }),
  );
  return await firstToEnd([
    ['The server', server.exited],
    ['PostgreSQL', postgres.exited],
  ]);
}

async function openRedis(instance: Instance, shutdown: Shutdown): Promise<{ url: string } | undefined> {
  if (findRedisBinary() === undefined) {
    report('Redis', 'none on PATH: locks and events stay inside the one server process');
    return undefined;
  }
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
  const inherited = Object.entries(process.env).filter(
    ([name, value]) => value !== '' && !NOT_INHERITED.includes(name),
  );
  const env: NodeJS.ProcessEnv = {
    MAIL_DIRECTORY: join(instance.directory, 'mail'),
    ...Object.fromEntries(inherited),
    ...stripe.env,
    NODE_ENV: 'development',
    HOST: instance.host,
    PORT: String(instance.port),
    PUBLIC_URL: instance.publicUrl,
    DATABASE_URL: databaseUrl,
    ...(redisUrl !== undefined && { REDIS_URL: redisUrl }),
  };
  mkdirSync(mailDirectory(env), { recursive: true });
  return env;
}

/** Absolute; the server takes a relative one from where it runs. */
function mailDirectory(env: NodeJS.ProcessEnv): string {
  return resolve(projectRoot, env.MAIL_DIRECTORY!);
}

function reportLine(line: string, log: (line: string) => void): void {
  log(line);
  const shown = worthShowing(line);
  // That there is no Redis has been said, in words that are true of this start.
  if (shown !== undefined && !shown.includes('REDIS_URL')) console.error(`  ${shown}`);
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
    let askedAt: number | undefined;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        askedAt ??= performance.now();
        resolve('interrupted');
        // Asked twice, somebody is in a hurry. What we leave running ends because we do; see supervise.ts.
        if (performance.now() - askedAt > SAME_CTRL_C_MS) process.exit(1);
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
