import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Account, createPublishedShow, signUp } from '../support/fixtures.js';
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

function soldBy(server: TestServer): number {
  return server.logs().filter((entry) => entry.msg === 'An order was made').length;
}

describe('two buyers who go for the last ticket at once', () => {
  it('get one order and one SOLD_OUT, every time', async () => {
    for (let round = 0; round < 25; round += 1) {
      const show = await createPublishedShow(world.server, seller.token, { tickets: [{ quantity: 1 }] });
      const outcome = await rush(world.servers.slice(0, 2), buyersOf(show, 2));
      expect(tally(outcome)).toEqual({ CONFIRMED: 1, SOLD_OUT: 1 });
    }
  });
});

describe('several processes that sell one ticket', () => {
  it('each sell some of it', async () => {
    const before = world.servers.map(soldBy);
    const show = await createPublishedShow(world.server, seller.token, { tickets: [{ quantity: 200 }] });
    const outcome = await rush(world.servers, buyersOf(show, 300));
    expect(tally(outcome).CONFIRMED).toBe(200);
    const sold = world.servers.map((server, index) => soldBy(server) - before[index]!);
    for (const count of sold) expect(count).toBeGreaterThan(0);
    expect(sold.reduce((sum, count) => sum + count)).toBe(200);
  });
});
