import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { signIn } from '../../dev/seller.js';
import { createTestDatabase } from '../support/database.js';
import { callerOf, createPublishedShow, PASSWORD, type PublishedShow, signUp } from '../support/fixtures.js';
import { outliveDeadJobs } from '../support/order-life.js';
import { startTestRedis } from '../support/redis.js';
import { fromSetup, hasRedis } from '../support/run.js';
import { startServer, type TestServer } from '../support/server.js';
import { startTestStripe } from '../support/stripe.js';
import type { World } from '../support/world.js';
import { Boundaries } from './boundaries.js';
import { startHttpSteps } from './http-steps.js';
import { startSqlSteps } from './sql-steps.js';

/** Where one process at a time serves and works, is killed at one of its steps, and is started again. */
export interface CrashWorld extends Pick<World, 'database' | 'stripe'>, AsyncDisposable {
  /** Where buyers and Stripe find the process, whichever it is just now. */
  readonly server: { readonly url: string };
  /** Every process so far, the dead ones too: their mails are still there. */
  readonly servers: readonly TestServer[];
  readonly boundaries: Boundaries;
  readonly seller: { readonly token: string };
  /** Its first ticket costs something, its second does not. */
  readonly show: PublishedShow;
  /** All lives together take longer than a seller stays signed in. */
  keepSellerSignedIn(): Promise<void>;
  kill(): Promise<void>;
  /** Starts the process again, after the time in which what the dead one held has run out. */
  restart(): Promise<void>;
}

/** Long enough for each periodic round of an idle process to have come by at least once, in milliseconds. */
const IDLE_MS = 5_000;
/** An access token is good for a quarter of an hour, of which one life takes a minute or two; in milliseconds. */
const SIGNED_IN_MS = 5 * 60_000;
/**
 * Locks that are shorter than an operator's: whoever comes after a dead process waits until they are over. Much shorter,
 * and a busy machine would lose some that are held.
 */
const ENVIRONMENT = { LOCK_TTL_MS: '5000', LOCK_WAIT_MS: '60000', PLATFORM_FEE_PERCENT: '5' };
/** Half of a start is compiling; the next one does not have to (https://nodejs.org/api/module.html#module-compile-cache). */
const COMPILED = { NODE_COMPILE_CACHE: join(fromSetup('TEST_DIRECTORY'), 'compiled') };

export async function startCrashWorld(): Promise<CrashWorld> {
  const stack = new AsyncDisposableStack();
  try {
    return await build(stack);
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

async function build(stack: AsyncDisposableStack): Promise<CrashWorld> {
  const boundaries = new Boundaries();
  const database = await createTestDatabase();
  stack.defer(() => database.drop());
  const redis = hasRedis ? await startTestRedis() : undefined;
  stack.defer(() => redis?.stop());
  const stripe = await startTestStripe();
  stack.defer(() => stripe.close());
  const sql = stack.use(await startSqlSteps(database.url, boundaries));
  const stripeSteps = stack.use(
    await startHttpSteps({
      target: () => stripe.url,
      boundaries,
      sides: ['before', 'after'],
      name: 'Stripe',
    }),
  );
  const servers: TestServer[] = [];
  let current: TestServer | undefined;
  stack.defer(async () => void (await current?.stop()));
  const front = stack.use(
    await startHttpSteps({ target: () => current?.url, boundaries, sides: ['after'], name: 'answer to' }),
  );
  const start = async () => {
    const started = await startServer({
      databaseUrl: sql.url,
      ...(redis && { redisUrl: redis.url }),
      stripe: { ...stripe.access, url: stripeSteps.url },
      env: { ...ENVIRONMENT, ...COMPILED, PUBLIC_URL: front.url },
    });
    servers.push(started);
    current = started;
  };
  await start();
  await delay(IDLE_MS);
  sql.ignoreWhatWasHeard();
  // What was compiled is kept by a process that ends in peace.
  await servers[0]?.stop();
  await start();
  await stripe.notify(front);
  const seller = await signUp(front);
  let session = { token: seller.token, since: Date.now() };
  const show = await createPublishedShow(front, seller.token, {
    finishOnboarding: (url) => stripe.finishOnboarding(url),
    tickets: [
      { price: 2500, quantity: 10_000 },
      { price: 0, quantity: 10_000 },
    ],
  });
  return {
    database,
    stripe,
    server: front,
    servers,
    boundaries,
    get seller() {
      return session;
    },
    async keepSellerSignedIn() {
      if (Date.now() - session.since < SIGNED_IN_MS) return;
      const { accessToken } = await signIn(callerOf(front), { email: seller.email, password: PASSWORD });
      session = { token: accessToken, since: Date.now() };
    },
    show,
    async kill() {
      const victim = current;
      current = undefined;
      await victim?.kill();
    },
    async restart() {
      await outliveDeadJobs({ database });
      await start();
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
