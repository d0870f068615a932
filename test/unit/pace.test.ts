import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { type Lane, Pace } from '../../src/http/pace.js';

/** Keeps the processor for so many milliseconds. */
function work(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

/** How many turns of the event loop pass until the work is done. */
async function turnsOf(tasks: readonly (() => void)[], lane: Lane): Promise<number> {
  let left = tasks.length;
  for (const task of tasks) {
    lane.run(() => {
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
    expect(await turnsOf(tasks, new Pace().lane(1))).toBeGreaterThanOrEqual(6);
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
    expect(
      await turnsOf([task('a'), task('b'), task('c'), task('d')], new Pace().lane(1)),
    ).toBeGreaterThanOrEqual(2);
    expect(order.slice(0, 4)).toEqual(['a began', 'a ended', 'b began', 'b ended']);
  });

  it('is taken up again after a pause', async () => {
    const lane = new Pace().lane(1);
    await turnsOf([() => work(1)], lane);
    expect(await turnsOf([() => work(1)], lane)).toBeGreaterThanOrEqual(1);
  });

  it('is done in turn where there are several crowds, so many of each as is their share', async () => {
    const pace = new Pace();
    const order: string[] = [];
    const lanes = { a: pace.lane(2), b: pace.lane(1) };
    for (const [name, lane] of Object.entries(lanes)) {
      for (let count = 0; count < 4; count += 1) lane.run(() => order.push(name));
    }
    while (order.length < 8) await nextTurn();
    expect(order.join('')).toBe('aabaabbb');
  });

  it('leaves several turns of the event loop to whatever else has come', async () => {
    const lane = new Pace().lane(1);
    await using server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    let done = 0;
    let accepted = 0;
    let doneThen = 0;
    server.on('connection', (socket) => {
      socket.destroy();
      accepted += 1;
      doneThen = done;
    });
    // Each is taken in by a turn of its own.
    const clients = Array.from({ length: 12 }, () => connect((server.address() as AddressInfo).port));
    for (const client of clients) client.on('error', () => undefined);
    for (let count = 0; count < 12; count += 1) {
      lane.run(() => {
        work(50);
        done += 1;
      });
    }
    while (done < 12) await nextTurn();
    expect(accepted).toBe(12);
    expect(doneThen).toBeLessThan(6);
  });
});
