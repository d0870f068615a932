import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { startWorld, type World } from '../support/world.js';
import { COMMANDS } from './order-life-commands.js';
import { liveRandomly, RANDOM_LIFE } from './order-life-run.js';

const seed = Number(process.env.SEED ?? Date.now() % 2_147_483_647);

let world: World;
beforeAll(async () => {
  world = await startWorld({ env: RANDOM_LIFE });
});
afterAll(async () => world.close());

describe('orders whose life is any sequence of purchases, payments, ends, refunds, disputes and repetitions', () => {
  it(`agree with a model of them after every step (SEED=${seed})`, async () => {
    await liveRandomly(world, COMMANDS, { seed, runs: 8, commands: 40 });
  }, 300_000);
});
