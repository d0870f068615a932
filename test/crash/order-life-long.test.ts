import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { taken } from '../concurrency/order-life-command.js';
import { COMMANDS } from '../concurrency/order-life-commands.js';
import { CRASH_COMMANDS } from '../concurrency/order-life-crashes.js';
import { liveRandomly, RANDOM_LIFE } from '../concurrency/order-life-run.js';
import { startWorld, type World } from '../support/world.js';

/** Each with a process and a database of its own, which nobody else's crash disturbs. */
const WORLDS = 6;
const LEAST_STEPS = 2_000;
const seed = Number(process.env.SEED ?? Date.now() % 2_000_000_000);

let worlds: World[] = [];
beforeAll(async () => {
  worlds = await Promise.all(Array.from({ length: WORLDS }, () => startWorld({ env: RANDOM_LIFE })));
});
afterAll(async () => {
  await Promise.all(worlds.map((world) => world.close()));
});

const stepsTaken = () => [...taken.values()].reduce((sum, count) => sum + count, 0);

describe('orders whose life is any sequence of all that can happen to them, crashes too', () => {
  it(`agree with a model of them after every step (SEED=${seed})`, async () => {
    process.stdout.write(`SEED=${seed}\n`);
    const commands = [...COMMANDS, ...COMMANDS, ...CRASH_COMMANDS];
    await Promise.all(
      worlds.map(async (world, index) => {
        for (let round = 0; stepsTaken() < LEAST_STEPS; round += 1) {
          await liveRandomly(world, commands, { seed: seed + round * WORLDS + index, runs: 1, commands: 80 });
          process.stdout.write(`${stepsTaken()} steps\n`);
        }
      }),
    );
    const lines = [...taken].toSorted().map(([name, count]) => `    ${name}: ${count}\n`);
    process.stdout.write(lines.join(''));
    expect(stepsTaken()).toBeGreaterThanOrEqual(LEAST_STEPS);
  });
});
