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
import { buyersOf, PATIENT, rush, tally } from './rush.js';

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

const TICKETS = 600;

/** Buys one after the other, until nothing is left. */
async function buyOnAndOn(server: TestServer, show: PublishedShow): Promise<number> {
  for (let bought = 0; ; bought += 1) {
    const [input] = buyersOf(show, 1);
    const { data, errors } = await tryPurchase(server, input as PurchaseInput);
    if (data !== null && errors.length === 0) continue;
    expect(errors.map((failure) => failure.extensions?.code)).toEqual(['SOLD_OUT']);
    return bought;
  }
}

describe('several processes that sell one ticket', () => {
  it('take turns: none is left with less than a quarter of its share', async () => {
    const show = await createPublishedShow(world.server, seller.token, { tickets: [{ quantity: TICKETS }] });
    const sold = await Promise.all(
      world.servers.map(async (server) => {
        const buyers = Array.from({ length: 16 }, () => buyOnAndOn(server, show));
        return (await Promise.all(buyers)).reduce((sum, count) => sum + count);
      }),
    );
    for (const count of sold) expect(count).toBeGreaterThan(TICKETS / sold.length / 4);
    expect(sold.reduce((sum, count) => sum + count)).toBe(TICKETS);
  });
});
