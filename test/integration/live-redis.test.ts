import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import type { Redis as RedisServer } from '../../dev/redis.js';
import { eventually } from '../support/eventually.js';
import { type PublishedShow, purchase } from '../support/fixtures.js';
import { send } from '../support/http.js';
import { shown, told, type Watcher, watch } from '../support/inventory-watch.js';
import { metric } from '../support/metrics.js';
import { startTestRedis } from '../support/redis.js';
import { hasRedis } from '../support/run.js';
import type { TestServer } from '../support/server.js';
import { startWorld, type World } from '../support/world.js';

const describeWithRedis = hasRedis ? describe : describe.skip;

let world: World;
let redis: RedisServer;
let seller: TestServer;
let viewers: TestServer;
let show: PublishedShow;
let ticketId: string;
let watchers: Watcher[] = [];
beforeAll(async () => {
  if (!hasRedis) return;
  world = await startWorld({ servers: 2 });
  redis = world.redis!;
  [seller, viewers] = world.servers as [TestServer, TestServer];
  ({ show } = await world.sell({ tickets: [{ quantity: 1000 }, { quantity: 10 }] }));
  ticketId = show.tickets[0]!.id;
});
afterEach(async () => {
  await Promise.all(watchers.map((watcher) => watcher.close()));
  watchers = [];
});
afterAll(async () => {
  await world?.close();
  await redis?.stop();
});

async function watchAt(server: TestServer): Promise<Watcher> {
  const watcher = watch(server, show.id);
  watchers.push(watcher);
  await watcher.next();
  return watcher;
}

const buyOne = () => purchase(seller, { showId: show.id, items: [{ ticketId, quantity: 1 }] });
const left = async () => (await shown(seller, show.id))[0]!.available;
const subscribersAt = (server: TestServer) =>
  metric(server, 'boxoffice_subscribers', { field: 'inventoryChanged' });

async function readiness(server: TestServer): Promise<string> {
  const { status } = JSON.parse((await send(server, '/health/ready')).text) as { status: string };
  return status;
}

const everyServerIs = (status: string) =>
  eventually(`both servers are ${status}`, async () => {
    const found = await Promise.all(world.servers.map(readiness));
    return found.every((one) => one === status);
  });

async function listeners(channel: string): Promise<number> {
  const client = new Redis(redis.url);
  try {
    const [, count] = (await client.call('PUBSUB', 'NUMSUB', channel)) as [string, number];
    return count;
  } finally {
    client.disconnect();
  }
}

describeWithRedis('watching at one process what happens at another', () => {
  it('reaches each of a hundred watchers at both processes', async () => {
    const all = await Promise.all(
      Array.from({ length: 100 }, (_, index) => watchAt(world.servers[index % 2]!)),
    );
    expect(await subscribersAt(seller)).toBe(50);
    expect(await subscribersAt(viewers)).toBe(50);
    await buyOne();
    const available = await left();
    await Promise.all(all.map((watcher) => watcher.untilAvailable(ticketId, available)));
    // One subscription per process and show, however many watch.
    expect(await listeners(`inventory:${show.id}`)).toBe(2);
  });

  it('leaves nothing behind when everybody has gone', async () => {
    const several = await Promise.all(Array.from({ length: 10 }, () => watchAt(viewers)));
    expect(await listeners(`inventory:${show.id}`)).toBe(1);
    await Promise.all(several.map((watcher) => watcher.close()));
    await eventually('nobody watches any more', async () => (await subscribersAt(viewers)) === 0);
    await eventually('nobody listens', async () => (await listeners(`inventory:${show.id}`)) === 0);
    const again = await watchAt(viewers);
    await buyOne();
    await again.untilAvailable(ticketId, await left());
  });
});

describeWithRedis('when Redis is restarted', () => {
  it('sends the whole show again, with what was sold meanwhile at other processes', async () => {
    const there = await watchAt(viewers);
    const here = await watchAt(seller);
    const { port } = redis;
    await redis.kill();
    await everyServerIs('degraded');
    await buyOne();
    const available = await left();
    // Who watches where it is sold hears of it without Redis.
    await here.untilAvailable(ticketId, available);
    expect(there.state.get(ticketId)!.available).toBe(available + 1);
    const newcomer = await watchAt(viewers);
    expect(newcomer.state.get(ticketId)!.available).toBe(available);
    await buyOne();

    redis = await startTestRedis(port);
    for (const watcher of [there, newcomer]) {
      const update = await watcher.untilAvailable(ticketId, available - 1);
      expect(update!.tickets).toHaveLength(2);
      expect(told(watcher)).toEqual(await shown(seller, show.id));
    }
    await everyServerIs('ready');
    await buyOne();
    await there.untilAvailable(ticketId, available - 2);
  });
});

describeWithRedis('when Redis falls silent without closing its connections', () => {
  it('is noticed, and the whole show is sent again when it is back', async () => {
    const there = await watchAt(viewers);
    const count = there.updates.length;
    redis.signal('SIGSTOP');
    try {
      await viewers.waitForLog(({ msg }) => String(msg).includes('Redis is silent'), 30_000);
      await everyServerIs('degraded');
    } finally {
      redis.signal('SIGCONT');
    }
    await everyServerIs('ready');
    const whole = await there.next(30_000);
    expect(there.updates.length).toBeGreaterThan(count);
    expect(whole.tickets).toHaveLength(2);
    await buyOne();
    await there.untilAvailable(ticketId, await left());
  });
});

describeWithRedis('a process that starts while Redis is away', () => {
  it('serves and watches, and hears of the others as soon as Redis is there', async () => {
    const { port } = redis;
    await redis.kill();
    const late = await world.addServer();
    const watcher = await watchAt(late);
    await buyOne();
    const available = await left();
    redis = await startTestRedis(port);
    await watcher.untilAvailable(ticketId, available);
    await late.stop();
  });
});
