import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type CrashWorld, startCrashWorld } from './crash-world.js';
import { type Life, live } from './crashes.js';
import { SCENARIOS } from './scenarios.js';
import type { Scenario } from './subject.js';

/** How many processes live and die at once; each on a database of its own. */
const WORLDS = Number(process.env.CRASH_WORLDS ?? 4);
/** Nothing is shown by too few. */
const LEAST_KILLS = 200;

let worlds: CrashWorld[] = [];
beforeAll(async () => {
  worlds = await Promise.all(Array.from({ length: WORLDS }, () => startCrashWorld()));
});
afterAll(async () => {
  await Promise.all(worlds.map((world) => world[Symbol.asyncDispose]()));
});

interface Kill {
  readonly scenario: Scenario;
  readonly at: number;
}

/** The next boundary of a scenario that has not yet run through, those with the fewest kills first. */
class Plan {
  private readonly next = new Map(SCENARIOS.map((scenario) => [scenario, 1]));

  take(): Kill | undefined {
    const [first] = [...this.next].toSorted(([, one], [, other]) => one - other);
    if (first === undefined) return undefined;
    const [scenario, at] = first;
    this.next.set(scenario, at + 1);
    return { scenario, at };
  }

  ranThrough(scenario: Scenario): void {
    this.next.delete(scenario);
  }
}

async function workThrough(world: CrashWorld, plan: Plan, lives: Life[], failures: unknown[]): Promise<void> {
  for (let kill = plan.take(); kill !== undefined && failures.length === 0; kill = plan.take()) {
    try {
      const life = await live(world, kill.scenario, kill.at);
      lives.push(life);
      process.stdout.write(
        `${lives.length}. ${life.scenario}: ${life.struckAt ?? 'ran through'}: ${life.end}\n`,
      );
      if (life.struckAt === undefined) plan.ranThrough(kill.scenario);
    } catch (error) {
      failures.push(error);
    }
  }
}

function report(lives: readonly Life[]): string {
  const killed = lives.filter(({ struckAt }) => struckAt !== undefined);
  const lines = [...Map.groupBy(killed, ({ scenario }) => scenario)].map(
    ([scenario, own]) => `    ${scenario}: ${own.length} kills\n`,
  );
  const different = new Set(killed.map(({ struckAt }) => struckAt)).size;
  return `${lines.join('')}${killed.length} kills at boundaries of ${different} kinds\n`;
}

describe('a process that is killed at any boundary of the life of an order, and started again', () => {
  it('loses nothing, does nothing twice and leaves nothing held', async () => {
    const plan = new Plan();
    const lives: Life[] = [];
    const failures: unknown[] = [];
    await Promise.all(worlds.map((world) => workThrough(world, plan, lives, failures)));
    process.stdout.write(report(lives));
    if (failures.length > 0) throw failures[0];
    expect(lives.filter(({ struckAt }) => struckAt !== undefined).length).toBeGreaterThanOrEqual(LEAST_KILLS);
  });
});
