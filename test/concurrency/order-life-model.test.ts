import { afterAll, beforeAll, describe, it } from '@jest/globals';
import fc from 'fast-check';
import { startWorld, type World } from '../support/world.js';
import { COMMANDS, type Model, type Real } from './order-life-commands.js';

const CAPACITY = 6;
const seed = Number(process.env.SEED ?? Date.now() % 2_147_483_647);

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(async () => world.close());

describe('orders whose life is any sequence of purchases, payments, ends and repetitions', () => {
  it(`agree with a model of them after every step (SEED=${seed})`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.commands(COMMANDS, { maxCommands: 40, size: 'max' }), async (commands) => {
        const { show } = await world.sell({ tickets: [{ price: 2500, quantity: CAPACITY }] });
        await world.stripe.webhooks.idle();
        // Events come when a step delivers them, and no other way.
        await world.stripe.webhooks.pause();
        const model: Model = { capacity: CAPACITY, orders: [] };
        const real: Real = { world, show, purchases: [] };
        await fc.asyncModelRun(() => ({ model, real }), commands);
        await world.stripe.webhooks.discardHeld();
        await world.stripe.webhooks.resume();
      }),
      { seed, numRuns: 8, endOnFailure: true },
    );
  }, 300_000);
});
