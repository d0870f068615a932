import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis as Client } from 'ioredis';
import type { Redis } from '../../dev/redis.js';
import { buyersOf, countersOf, rush, tally } from '../concurrency/rush.js';
import { type PublishedShow, purchase, tryPurchase } from '../support/fixtures.js';
import { expectError } from '../support/graphql-client.js';
import { startTestRedis } from '../support/redis.js';
import { hasRedis } from '../support/run.js';
import type { TestServer } from '../support/server.js';
import { startWorld, type World } from '../support/world.js';
import { nodesLockedDuring, oneOf, readHealth } from './redis-support.js';

const SOMEBODY_ELSE = 'somebody else';
const TICKETS = 20;

(hasRedis ? describe : describe.skip)('locks on three independent Redis nodes', () => {
  let world: World;
  let nodes: Redis[];
  let impatient: TestServer;
  let show: PublishedShow;
  beforeAll(async () => {
    nodes = await Promise.all([startTestRedis(), startTestRedis(), startTestRedis()]);
    const REDLOCK_URLS = nodes.map((node) => node.url).join();
    world = await startWorld({ servers: 2, env: { REDLOCK_URLS, LOCK_WAIT_MS: '60000' } });
    impatient = await world.addServer({ env: { LOCK_WAIT_MS: '1000' } });
  });
  beforeEach(async () => {
    ({ show } = await world.sell({ tickets: [{ quantity: TICKETS }] }));
  });
  afterAll(async () => {
    await world.close();
    await Promise.all(nodes.map((node) => node.stop()));
  });

  const urls = () => nodes.map((node) => node.url);

  /** Somebody else's lock on the ticket, on these nodes; returns the keys of all nodes after the work. */
  async function whileLockedOn(indexes: readonly number[], work: () => Promise<void>): Promise<unknown[]> {
    const clients = urls().map((url) => new Client(url));
    const key = `lock:{show:${show.id}}:ticket:${show.tickets[0]!.id}`;
    try {
      for (const index of indexes) await clients[index]!.set(key, SOMEBODY_ELSE);
      await work();
      return await Promise.all(clients.map((client) => client.get(key)));
    } finally {
      for (const client of clients) client.disconnect();
    }
  }

  it('are taken on all of them', async () => {
    expect(await nodesLockedDuring(world, show, urls())).toEqual([true, true, true]);
  });

  it('are had where a minority of the nodes has somebody else’s, which stays', async () => {
    const left = await whileLockedOn([1], async () => {
      expect((await purchase(impatient, oneOf(show))).order.status).toBe('CONFIRMED');
    });
    expect(left).toEqual([null, SOMEBODY_ELSE, null]);
  });

  it('are not had where a majority has somebody else’s, and none is left behind on the rest', async () => {
    const left = await whileLockedOn([0, 2], async () => {
      expectError(await tryPurchase(impatient, oneOf(show)), 'INVENTORY_BUSY');
    });
    expect(left).toEqual([SOMEBODY_ELSE, null, SOMEBODY_ELSE]);
  });

  describe('of which one has died', () => {
    beforeAll(() => nodes[0]!.kill());

    it('are had on the other two, and the server is as ready as before', async () => {
      expect(await nodesLockedDuring(world, show, urls().slice(1))).toEqual([true, true]);
      expect((await readHealth(world.server)).status).toBe('ready');
      const outcome = await rush(world.servers.slice(0, 2), buyersOf(show, 2 * TICKETS));
      expect(tally(outcome)).toEqual({ CONFIRMED: TICKETS - 1, SOLD_OUT: TICKETS + 1 });
    });

    it('are not had where another holds one of the two that live', async () => {
      const client = new Client(nodes[1]!.url);
      await client.set(`lock:{show:${show.id}}:ticket:${show.tickets[0]!.id}`, SOMEBODY_ELSE);
      client.disconnect();
      expectError(await tryPurchase(impatient, oneOf(show)), 'INVENTORY_BUSY');
      expect((await readHealth(impatient)).status).toBe('ready');
    });

    describe('and then another', () => {
      beforeAll(() => nodes[1]!.kill());

      it('are done without: PostgreSQL alone decides, and the server says so', async () => {
        const outcome = await rush(world.servers.slice(0, 2), buyersOf(show, 2 * TICKETS));
        expect(tally(outcome)).toEqual({ CONFIRMED: TICKETS, SOLD_OUT: TICKETS });
        expect(await countersOf(world.database.pool, show.tickets[0]!.id)).toEqual({
          quantity: TICKETS,
          held: 0,
          sold: TICKETS,
        });
        const { code, status } = await readHealth(world.server);
        expect({ code, status }).toEqual({ code: 200, status: 'degraded' });
      });
    });
  });
});
