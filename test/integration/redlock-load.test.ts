import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { tryPurchase } from '../support/fixtures.js';
import { type LockEvent, type LockMonitor, monitorLocks } from '../support/lock-monitor.js';
import { hasRedis } from '../support/run.js';
import { startWorld, type World } from '../support/world.js';

const LOCK_TTL_MS = 8_000;
const BUYERS = 80;

(hasRedis ? describe : describe.skip)('the locks of many purchases at once, as Redis sees them', () => {
  let world: World;
  let monitor: LockMonitor;
  let showId: string;
  /** What each buyer wanted, by ticket ids in the order in which they were named. */
  const carts: string[][] = [];

  beforeAll(async () => {
    world = await startWorld({
      servers: 2,
      env: { LOCK_TTL_MS: String(LOCK_TTL_MS), LOCK_WAIT_MS: '60000' },
    });
    const { show } = await world.sell({ tickets: [{ quantity: 30 }, { quantity: 20 }, { quantity: 500 }] });
    showId = show.id;
    const ids = show.tickets.map((ticket) => ticket.id);
    carts.push(...fc.sample(fc.shuffledSubarray(ids, { minLength: 1 }), BUYERS));
    monitor = await monitorLocks(world.redis!.url);
    const answers = await Promise.all(
      carts.map((cart, index) =>
        tryPurchase(world.servers[index % 2]!, {
          showId,
          items: cart.map((ticketId) => ({ ticketId, quantity: 1 })),
        }),
      ),
    );
    for (const answer of answers)
      expect([undefined, 'SOLD_OUT']).toContain(answer.errors[0]?.extensions?.code);
    await monitor.heard('every lock was released', (events) => {
      const count = (kind: LockEvent['kind']) => events.filter((event) => event.kind === kind).length;
      return count('acquired') > 0 && count('acquired') === count('released');
    });
  });
  afterAll(async () => {
    monitor?.close();
    await world.close();
  });

  function acquiredByOwner(): Array<[string, string[]]> {
    const acquired = monitor.events.filter((event) => event.kind === 'acquired');
    const groups = Map.groupBy(acquired, (event) => event.owner);
    return [...groups].map(([owner, events]) => [owner, events.map((event) => event.key)]);
  }

  it('are one for each ticket of those who are served together, in one hash slot, asked for in the order of ids', () => {
    const ids = [...new Set(carts.flat())].map(Number).sort((a, b) => a - b);
    const inOrder = ids.map((ticketId) => `lock:{show:${showId}}:ticket:${ticketId}`);
    expect(monitor.requests.length).toBeGreaterThan(0);
    for (const keys of monitor.requests) expect(keys).toEqual(inOrder.filter((key) => keys.includes(key)));
    const requested = new Set(monitor.requests.map((keys) => keys.join()));
    for (const [, keys] of acquiredByOwner()) expect(requested).toContain(keys.join());
  });

  it('have an owner value that nobody else ever has', () => {
    for (const [owner, keys] of acquiredByOwner()) {
      expect(owner).toMatch(/^[0-9a-f]{32}$/);
      expect(new Set(keys).size).toBe(keys.length);
    }
    // Each of the two processes has held them once at least.
    expect(acquiredByOwner().length).toBeGreaterThan(1);
  });

  it('are never taken from whoever holds them', () => {
    expect(monitor.stolen).toEqual([]);
  });

  it('end by themselves, at the latest after LOCK_TTL_MS', () => {
    for (const { kind, ttlMs } of monitor.events) {
      if (kind === 'released') continue;
      expect(ttlMs).toBeGreaterThan(0);
      expect(ttlMs).toBeLessThanOrEqual(LOCK_TTL_MS);
    }
  });

  it('are all given back, by purchases that succeed and by those that find nothing left', async () => {
    const redis = new Redis(world.redis!.url);
    expect(await redis.keys('lock:*')).toEqual([]);
    redis.disconnect();
    const released = monitor.events.filter((event) => event.kind === 'released');
    expect(released.map((event) => event.owner).sort()).toEqual(
      monitor.events
        .filter((event) => event.kind === 'acquired')
        .map((event) => event.owner)
        .sort(),
    );
  });
});
