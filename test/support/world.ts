import type { Redis } from '../../dev/redis.js';
import { auditInventory } from './audit.js';
import { createTestDatabase, type TestDatabase } from './database.js';
import {
  type Account,
  createPublishedShow,
  type PublishedShow,
  type ShowOptions,
  signUp,
} from './fixtures.js';
import { audits } from './open-worlds.js';
import { startTestRedis } from './redis.js';
import { hasRedis } from './run.js';
import { type ServerOptions, startServer, type TestServer } from './server.js';
import { startTestStripe, type TestStripe } from './stripe.js';

export interface WorldOptions {
  /** How many server processes share the database; 1 unless given. More than one needs Redis. */
  readonly servers?: number;
  /** Overrides and additions to every server's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** False for a server that runs without Redis although there is one. */
  readonly redis?: boolean;
}

/** Everything that a test of the whole needs, for itself alone. */
export interface World {
  readonly database: TestDatabase;
  /** Undefined on a machine without Redis, or when not wanted. */
  readonly redis: Redis | undefined;
  readonly stripe: TestStripe;
  /** The first of `servers`, which is also the one that Stripe's webhooks go to. */
  readonly server: TestServer;
  readonly servers: readonly TestServer[];
  /** One more server process on the same database, stopped with the world. */
  addServer(options?: Partial<ServerOptions>): Promise<TestServer>;
  /** A new seller with a show on sale. If a ticket has a price, the seller can take the money. */
  sell(options: ShowOptions): Promise<{ seller: Account; show: PublishedShow }>;
  /**
   * Compares inventory and orders, then stops everything.
   *
   * @throws when inventory and orders contradict each other; everything is stopped all the same.
   */
  close(): Promise<void>;
}

export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const stack = new AsyncDisposableStack();
  try {
    return await build(options, stack);
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

async function build(options: WorldOptions, stack: AsyncDisposableStack): Promise<World> {
  const database = await createTestDatabase();
  stack.defer(() => database.drop());
  const audit = () => auditInventory(database.pool);
  audits.add(audit);
  stack.defer(() => void audits.delete(audit));
  const redis = hasRedis && options.redis !== false ? await startTestRedis() : undefined;
  stack.defer(() => redis?.stop());
  const stripe = await startTestStripe();
  stack.defer(() => stripe.close());
  const servers: TestServer[] = [];
  const addServer = async (more: Partial<ServerOptions> = {}): Promise<TestServer> => {
    const server = await startServer({
      databaseUrl: database.url,
      ...(redis && { redisUrl: redis.url }),
      stripe: stripe.access,
      ...more,
      env: { ...options.env, ...more.env },
    });
    stack.defer(async () => void (await server.stop()));
    servers.push(server);
    return server;
  };
  const server = await addServer();
  await stripe.notify(server);
  await Promise.all(Array.from({ length: (options.servers ?? 1) - 1 }, () => addServer()));
  return {
    database,
    redis,
    stripe,
    server,
    servers,
    addServer,
    async sell(show) {
      const seller = await signUp(server);
      const published = await createPublishedShow(server, seller.token, {
        finishOnboarding: (url) => stripe.finishOnboarding(url),
        ...show,
      });
      return { seller, show: published };
    },
    async close() {
      try {
        await auditInventory(database.pool);
      } finally {
        await stack.disposeAsync();
      }
    },
  };
}
