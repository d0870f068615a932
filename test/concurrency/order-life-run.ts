import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { outliveDeadJobs } from '../support/order-life.js';
import { stripeSideOf } from '../support/stripe-side.js';
import type { World } from '../support/world.js';
import type { Command } from './order-life-command.js';
import { deliver } from './order-life-money.js';
import { type Model, PRICE, type Real, serving } from './order-life-state.js';

const CAPACITY = 6;

/** What a world whose orders live randomly has in its environment. */
export const RANDOM_LIFE = {
  // Events come when a step delivers them, and no other way.
  RECONCILE_SECONDS: '3600',
  // Shorter than an operator's, for those who come after a dead process; long enough for a busy machine to keep one.
  LOCK_TTL_MS: '5000',
  LOCK_WAIT_MS: '60000',
  PLATFORM_FEE_PERCENT: '10',
} as const;

export interface RandomLives {
  readonly seed: number;
  readonly runs: number;
  /** Commands of one run, at most. */
  readonly commands: number;
}

/**
 * Has orders live through any sequence of commands, and compares them with the model after each; in the end everyone
 * hears of everything, and what the ledger says is compared with Stripe.
 */
export async function liveRandomly(
  world: World,
  commands: fc.Arbitrary<Command>[],
  { seed, runs, commands: maxCommands }: RandomLives,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.commands(commands, { maxCommands, size: 'max' }), async (sequence) => {
      await world.stripe.webhooks.resume();
      const { show, seller } = await world.sell({ tickets: [{ price: PRICE, quantity: CAPACITY }] });
      await world.stripe.webhooks.idle();
      await world.stripe.webhooks.pause();
      const model: Model = { capacity: CAPACITY, orders: [] };
      const real: Real = {
        world,
        show,
        sellerToken: seller.token,
        purchases: [],
        crash: (after) => crash(world, after),
      };
      await fc.asyncModelRun(() => ({ model, real }), sequence);
      await hearEverything(model, real);
      await world.stripe.webhooks.discardHeld();
    }),
    { seed, numRuns: runs, endOnFailure: true },
  );
}

async function crash(world: World, after: number): Promise<void> {
  await delay(after);
  const victim = serving(world);
  await victim.kill();
  await outliveDeadJobs(world);
  await world.addServer({ port: victim.port });
}

async function hearEverything(model: Model, real: Real): Promise<void> {
  for (const place of model.orders.keys()) {
    const hears = deliver('everything', place);
    if (hears.check(model)) await hears.run(model, real);
  }
  for (const { order } of real.purchases) {
    const { charged, refunded, disputed } = await stripeSideOf(real.world, order.id);
    const { rows } = await real.world.database.pool.query(
      "select coalesce(-sum(amount), 0)::int as spent from ledger_entry where order_id = $1 and account = 'BUYER'",
      [order.id],
    );
    const spent = charged - refunded - disputed;
    if (rows[0].spent !== spent) {
      throw new Error(`The buyer of order ${order.id} spent ${spent}; the ledger says ${rows[0].spent}`);
    }
  }
}
