import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { productEnvironment } from '../../../bench/support/server.js';
import { type Redis, startRedis } from '../../../dev/redis.js';
import { type SmtpSink, startSmtpSink } from '../../../dev/smtp-sink.js';
import { startTestStripe, type TestStripe } from '../../support/stripe.js';
import { Front } from './front.js';
import { Member, type MemberOptions } from './member.js';
import type { Prepared, PrivatePostgres } from './prepared.js';

export interface ClusterOptions extends Partial<Omit<MemberOptions, 'needs'>> {
  /** Server processes, each with a worker; 2 unless given. */
  readonly servers?: number;
  /** 1 for events and locks alike, unless given; 3 for a quorum, of which the first carries the events too. */
  readonly redisNodes?: 1 | 3;
  /** Where PostgreSQL's data is to lie, if not in the run's own directory. */
  readonly postgresPlace?: string;
  readonly postgresSettings?: Readonly<Record<string, string>>;
  /** Statements run before the servers start, such as those that take a constraint away. */
  readonly prepareDatabase?: string;
}

/** Everything that a sale runs on, private to one run. */
export interface Cluster extends AsyncDisposable {
  readonly postgres: PrivatePostgres;
  /** Past all proxies; at most 3 connections. */
  readonly pool: pg.Pool;
  readonly redis: readonly RedisNode[];
  readonly stripe: TestStripe;
  readonly mail: SmtpSink;
  readonly members: readonly Member[];
  /** Where buyers, watchers and Stripe's webhooks go. */
  readonly front: Front;
  /** How long the slowest server took to start, in milliseconds: what starting takes on this machine. */
  readonly startMs: number;
  /** Milliseconds. */
  readonly holdMs: number;
  readonly lockTtlMs: number;
  /** Ends every fault of a network, and lets go on what was stopped. */
  heal(): void;
}

/** A Redis that may be killed, and started again, empty, on the same port. */
export interface RedisNode {
  readonly port: number;
  readonly url: string;
  kill(): Promise<void>;
  start(): Promise<void>;
  signal(name: NodeJS.Signals): void;
}

const STRIPE_KEY = 'sk_test_0123456789abcdef';
const HOLD_MS = 4_000;
const LOCK_TTL_MS = 3_000;

/** @param directory of the run */
export async function startCluster(
  prepared: Prepared,
  directory: string,
  options: ClusterOptions = {},
): Promise<Cluster> {
  await using started = new AsyncDisposableStack();
  const place = options.postgresPlace ?? mkdtempSync(join(directory, 'row-'));
  const postgres = started.use(await prepared.start(place, options.postgresSettings));
  const pool = new pg.Pool({ connectionString: postgres.databaseUrl, max: 3, query_timeout: 60_000 });
  // Connections end with a PostgreSQL that is killed, which is meant.
  pool.on('error', () => undefined);
  started.defer(() => pool.end());
  if (options.prepareDatabase) await pool.query(options.prepareDatabase);
  const redis: RedisNode[] = [];
  for (let n = 0; n < (options.redisNodes ?? 1); n += 1) redis.push(await startNode(directory, started));
  const stripe = await startTestStripe({ secretKey: STRIPE_KEY });
  started.defer(() => stripe.close());
  const mail = await startSmtpSink();
  started.defer(() => mail.close());
  const needs = {
    databaseUrl: postgres.databaseUrl,
    redisPorts: redis.map(({ port }) => port),
    stripePort: stripe.port,
    smtpPort: mail.port,
  };
  // Each server has ways of its own to these.
  const { DATABASE_URL: _database, REDIS_URL: _redis, ...product } = productEnvironment('', '');
  const environment = {
    ...product,
    STRIPE_SECRET_KEY: STRIPE_KEY,
    STRIPE_WEBHOOK_SECRET: stripe.access.webhookSecret,
    STRIPE_CONNECT_WEBHOOK_SECRET: stripe.access.connectWebhookSecret,
    WORKER: 'on',
    LOG_LEVEL: 'warn',
    HOLD_MINUTES: String(HOLD_MS / 60_000),
    LOCK_TTL_MS: String(LOCK_TTL_MS),
    LOCK_WAIT_MS: '10000',
    PLATFORM_FEE_PERCENT: '5',
    RECONCILE_SECONDS: '2',
    // Hundreds of starts; half of each is compiling (https://nodejs.org/api/module.html#module-compile-cache).
    NODE_COMPILE_CACHE: join(directory, 'compiled'),
    ...options.environment,
  };
  const members: Member[] = [];
  for (let n = 1; n <= (options.servers ?? 2); n += 1) {
    members.push(started.use(await Member.create(`server ${n}`, { ...options, needs, environment })));
  }
  const startMs = await startAll(members);
  const front = started.use(await Front.start(members.map(({ port }) => port)));
  await stripe.notify(front);
  const running = started.move();
  return {
    postgres,
    pool,
    redis,
    stripe,
    mail,
    members,
    front,
    startMs,
    holdMs: HOLD_MS,
    lockTtlMs: Number(environment.LOCK_TTL_MS),
    heal() {
      for (const stopped of [...members, ...redis]) stopped.signal('SIGCONT');
      for (const { ways } of members) {
        for (const way of [ways.postgres, ...ways.redis, ways.stripe, ways.smtp]) way.heal();
      }
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/**
 * Waits for all, also when one fails: each of the others can then be stopped.
 *
 * @returns how long the slowest took, in milliseconds
 */
async function startAll(members: readonly Member[]): Promise<number> {
  const starts = await Promise.allSettled(members.map((member) => member.start()));
  const times = starts.map((start) => {
    if (start.status === 'rejected') throw start.reason;
    return start.value;
  });
  return Math.max(...times);
}

async function startNode(directory: string, started: AsyncDisposableStack): Promise<RedisNode> {
  const place = mkdtempSync(join(directory, 'redis-'));
  let node: Redis = await startRedis({ directory: place });
  const { port, url } = node;
  started.defer(() => node.stop());
  return {
    port,
    url,
    kill: () => node.kill(),
    signal: (name) => node.signal(name),
    async start() {
      node = await startRedis({ directory: place, port });
    },
  };
}
