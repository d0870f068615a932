import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { Pace } from '../../src/http/pace.js';

/** Keeps the processor for so many milliseconds. */
function work(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

/** How many turns of the event loop pass until the work is done. */
async function turnsOf(tasks: readonly (() => void)[], pace: Pace): Promise<number> {
  let left = tasks.length;
  for (const task of tasks) {
    pace.run(() => {
      task();
      left -= 1;
    });
  }
  let turns = 0;
  for (; left > 0; turns += 1) await nextTurn();
  return turns;
}

describe('work that comes in crowds', () => {
  it('is spread over turns of the event loop, in the order in which it came', async () => {
    const done: number[] = [];
    const tasks = Array.from({ length: 20 }, (_, index) => () => {
      work(2);
      done.push(index);
    });
    expect(await turnsOf(tasks, new Pace(5))).toBeGreaterThanOrEqual(6);
    expect(done).toEqual(tasks.map((_, index) => index));
  });

  it('counts what a task does after its first wait, and does that before the next task', async () => {
    const order: string[] = [];
    const task = (name: string) => () => {
      void (async () => {
        for (let step = 0; step < 5; step += 1) await undefined;
        work(4);
        order.push(`${name} ended`);
      })();
      order.push(`${name} began`);
    };
    expect(await turnsOf([task('a'), task('b'), task('c'), task('d')], new Pace(5))).toBeGreaterThanOrEqual(
      2,
    );
    expect(order.slice(0, 4)).toEqual(['a began', 'a ended', 'b began', 'b ended']);
  });

  it('is taken up again after a pause', async () => {
    const pace = new Pace(5);
    await turnsOf([() => work(1)], pace);
    expect(await turnsOf([() => work(1)], pace)).toBeGreaterThanOrEqual(1);
  });
});
