import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type CrashWorld, startCrashWorld } from '../crash/crash-world.js';
import { live } from '../crash/crashes.js';
import { SCENARIOS } from '../crash/scenarios.js';

const NEVER = Number.MAX_SAFE_INTEGER;
const LARGEST_SEED = 0x7fff_ffff;
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * LARGEST_SEED));

let world: CrashWorld;
beforeAll(async () => {
  world = await startCrashWorld();
});
afterAll(async () => world[Symbol.asyncDispose]());

/** One of so many, by the seed: another one for each scenario. */
const oneOf = (count: number, index: number) => 1 + ((seed + index * 7_919) % count);

// `npm run test:crash` kills at every boundary; this at one of each scenario's, another one in every run.
describe(`a process that is killed at some boundary of the life of an order (SEED=${seed})`, () => {
  const killed: string[] = [];

  it.each(SCENARIOS.map((scenario, index) => [scenario.name, scenario, index] as const))(
    'loses nothing, does nothing twice and leaves nothing held: %s',
    async (_, scenario, index) => {
      const { passed } = await live(world, scenario, NEVER);
      const { struckAt } = await live(world, scenario, oneOf(passed.length, index));
      if (struckAt !== undefined) killed.push(struckAt);
    },
    180_000,
  );

  it('has indeed been killed', () => {
    // A life may come to a boundary less than the one before it, where background work fell into that one.
    expect(killed.length).toBeGreaterThanOrEqual(SCENARIOS.length - 2);
  });
});
