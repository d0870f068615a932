import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type Account,
  createPublishedShow,
  type PublishedShow,
  type PurchaseInput,
  signUp,
  tryPurchase,
} from '../support/fixtures.js';
import { hasRedis } from '../support/run.js';
import type { TestServer } from '../support/server.js';
import { startWorld, type World } from '../support/world.js';
import { buyersOf, countersOf, PATIENT, rush, tally } from './rush.js';

let world: World;
let seller: Account;
beforeAll(async () => {
  world = await startWorld({ servers: hasRedis ? 3 : 1, env: PATIENT });
  seller = await signUp(world.server);
});
afterAll(() => world.close());

describe('two buyers who go for the last ticket at once', () => {
  it('get one order and one SOLD_OUT, every time', async () => {
    for (let round = 0; round < 25; round += 1) {
      const show = await createPublishedShow(world.server, seller.token, { tickets: [{ quantity: 1 }] });
      const outcome = await rush(world.servers.slice(0, 2), buyersOf(show, 2));
      expect(tally(outcome)).toEqual({ CONFIRMED: 1, SOLD_OUT: 1 });
    }
  });
});

const SECONDS = 5;

/** Buys one after the other for some seconds; returns how many. */
async function buyOnAndOn(server: TestServer, show: PublishedShow, until: number): Promise<number> {
  let bought = 0;
  for (; performance.now() < until; bought += 1) {
    const [input] = buyersOf(show, 1);
    const { errors } = await tryPurchase(server, input as PurchaseInput);
    expect(errors).toEqual([]);
  }
  return bought;
}

describe('several processes that sell one ticket', () => {
  it('take turns: none is left with less than half of its share over 5 s', async () => {
    const show = await createPublishedShow(world.server, seller.token, {
      tickets: [{ quantity: 1_000_000 }],
    });
    const until = performance.now() + SECONDS * 1_000;
    const sold = await Promise.all(
      world.servers.map(async (server) => {
        const buyers = Array.from({ length: 16 }, () => buyOnAndOn(server, show, until));
        return (await Promise.all(buyers)).reduce((sum, count) => sum + count);
      }),
    );
    const total = sold.reduce((sum, count) => sum + count);
    for (const count of sold) expect(count).toBeGreaterThanOrEqual(total / sold.length / 2);
    expect((await countersOf(world.database.pool, show.tickets[0]!.id)).sold).toBe(total);
  });
});
