import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../../dev/eventually.js';
import { launch } from '../../dev/launch.js';
import { projectRoot } from '../../dev/paths.js';
import { freePort } from '../../dev/ports.js';
import { type SmtpSink, startSmtpSink } from '../../dev/smtp-sink.js';
import { connectLocalStripe, type LocalStripeControl } from '../../dev/stripe/index.js';
import { supervise } from '../../dev/supervise.js';
import { productEnvironment, type Server } from '../support/server.js';
import { type Database, type Stack, startStack } from '../support/stack.js';
import { type Proxies, startProxies } from './proxy.js';

export interface WorldOptions {
  /** Requests a second that Stripe answers. */
  readonly stripeRate: number;
  /** The same of each endpoint; no limit of its own unless given. */
  readonly stripeEndpointRate: number | undefined;
  readonly holdMs: number;
  /** Connections at once, for as many proxies as that takes. */
  readonly connections: number;
}

/** Everything that a sale runs on, in processes of their own, as in production. */
export interface World extends AsyncDisposable {
  readonly stack: Stack;
  readonly database: Database;
  readonly servers: readonly Server[];
  readonly proxies: Proxies;
  readonly stripe: LocalStripeControl;
  readonly stripeKey: string;
  readonly mails: SmtpSink['mails'];
  /** Of the servers and the worker. */
  readonly logFiles: readonly string[];
  /** By what they do, for the report. */
  readonly pids: Readonly<Record<string, readonly number[]>>;
}

const SERVERS = 2;
const OF_STRIPES_RATE = 0.8;
const READY_TIMEOUT_MS = 30_000;
const STOP_GRACE_MS = 20_000;
const ORDER_EVENTS = [
  'checkout.session.completed',
  'checkout.session.async_payment_succeeded',
  'checkout.session.async_payment_failed',
  'checkout.session.expired',
];

/** PostgreSQL remembers when each transaction was committed: how late subscribers hear of it is counted from there. */
export async function startWorld(options: WorldOptions): Promise<World> {
  await using started = new AsyncDisposableStack();
  const stack = started.use(await startStack({ track_commit_timestamp: 'on' }));
  const database = started.use(await stack.createDatabase('sale'));
  const sink = await startSmtpSink();
  started.defer(() => sink.close());
  const base = productEnvironment(database.url, stack.redis.url);
  const stripeKey = base.STRIPE_SECRET_KEY as string;
  const stripe = await startStripe(started, stripeKey, options);
  const env = {
    ...base,
    STRIPE_API_BASE: stripe.control.url,
    // As with a live key, of which Stripe takes 100 requests a second.
    STRIPE_REQUESTS_PER_SECOND: String(Math.max(1, Math.floor(options.stripeRate * OF_STRIPES_RATE))),
    SMTP_URL: `smtp://127.0.0.1:${sink.port}`,
    HOLD_MINUTES: String(options.holdMs / 60_000),
  };
  const servers: Server[] = [];
  for (let n = 0; n < SERVERS; n += 1) servers.push(started.use(await stack.startProduct(database, env)));
  const worker = await startWorkerProcess(started, env, stack.directory);
  const proxies = started.use(
    await startProxies({
      servers: servers.map(({ port }) => port),
      connections: options.connections,
      directory: stack.directory,
    }),
  );
  await listen(stripe.control, proxies, base);
  const running = started.move();
  return {
    stack,
    database,
    servers,
    proxies,
    stripe: stripe.control,
    stripeKey,
    mails: sink.mails,
    logFiles: [...servers.map(({ logFile }) => logFile), worker.logFile],
    pids: {
      ...Object.fromEntries(servers.map(({ pid }, n) => [`server ${n + 1}`, [pid]])),
      worker: [worker.pid],
      proxy: proxies.pids,
      PostgreSQL: [stack.postgres.pid],
      Redis: [stack.redis.pid],
      Stripe: [stripe.pid],
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

async function startStripe(
  started: AsyncDisposableStack,
  key: string,
  { stripeRate, stripeEndpointRate }: WorldOptions,
): Promise<{ control: LocalStripeControl; pid: number }> {
  const port = await freePort();
  const limits = [`--rate-limit=${stripeRate}`].concat(
    stripeEndpointRate === undefined ? [] : [`--endpoint-rate-limit=${stripeEndpointRate}`],
  );
  const { server, failure } = await launch({
    name: 'The local Stripe',
    command: process.execPath,
    args: ['dist/dev/stripe/main.js', '--port', String(port), '--secret-key', key, '--quiet', ...limits],
    cwd: projectRoot,
    env: { PATH: process.env.PATH },
    isReady: (line) => line.startsWith('Local Stripe at'),
    readyTimeoutMs: READY_TIMEOUT_MS,
  });
  if (failure) throw failure;
  started.defer(async () => void (await server.stop('SIGTERM', STOP_GRACE_MS)));
  return { control: connectLocalStripe(`http://127.0.0.1:${port}`), pid: server.pid };
}

/** Its output goes into a file, as the servers' does. */
async function startWorkerProcess(
  started: AsyncDisposableStack,
  env: Readonly<Record<string, string>>,
  directory: string,
): Promise<{ pid: number; logFile: string }> {
  const logFile = join(directory, 'worker.log');
  closeSync(openSync(logFile, 'w'));
  const worker = await supervise({
    command: '/bin/sh',
    args: ['-c', 'exec "$1" dist/src/work.js >"$2" 2>&1', 'sh', process.execPath, logFile],
    cwd: projectRoot,
    env: { PATH: process.env.PATH, ...env, PUBLIC_URL: 'http://127.0.0.1' },
  });
  started.defer(async () => void (await worker.stop('SIGTERM', STOP_GRACE_MS)));
  const log = () => readFileSync(logFile, 'utf8');
  await eventually(
    'the worker is at work',
    () => worker.exit() !== undefined || log().includes('The worker is at work'),
    READY_TIMEOUT_MS,
  );
  if (worker.exit()) throw new Error(`The worker has ended:\n${log().slice(-3_000)}`);
  return { pid: worker.pid, logFile };
}

/** Webhooks come in through the proxy, and only those that the README tells operators to ask for. */
async function listen(
  stripe: LocalStripeControl,
  { urls }: Proxies,
  base: Readonly<Record<string, string>>,
): Promise<void> {
  await stripe.addWebhookEndpoint({
    url: `${urls[0]}/webhooks/stripe`,
    secret: base.STRIPE_WEBHOOK_SECRET as string,
    events: ORDER_EVENTS,
  });
  await stripe.addWebhookEndpoint({
    url: `${urls[0]}/webhooks/stripe/connect`,
    secret: base.STRIPE_CONNECT_WEBHOOK_SECRET as string,
    connect: true,
    events: ['account.updated', 'account.application.deauthorized'],
  });
}
