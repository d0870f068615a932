import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import type { Redis as RedisServer } from '../../dev/redis.js';
import { InProcessEventBus } from '../../src/inventory/event-bus.js';
import { InProcessTicketLocks } from '../../src/inventory/in-process-locks.js';
import { RedlockTicketLocks } from '../../src/inventory/redlock.js';
import { Metrics } from '../../src/metrics.js';
import { eventually } from '../support/eventually.js';
import { startTestRedis } from '../support/redis.js';
import { hasRedis } from '../support/run.js';
import { startServer } from '../support/server.js';

const LONGEST_MS = 120_000;
const TTL_MS = 60_000;

describe('LOCK_TTL_MS', () => {
  it('of more than 120 s is refused at start', async () => {
    const starting = startServer({
      databaseUrl: 'postgres://nobody@127.0.0.1:1/nowhere',
      env: { LOCK_TTL_MS: String(LONGEST_MS + 1) },
    });
    await expect(starting).rejects.toThrow(/LOCK_TTL_MS/);
  });
});

(hasRedis ? describe : describe.skip)('a lock that is held for longer than 120 s', () => {
  let server: RedisServer;
  let client: Redis;
  let locks: RedlockTicketLocks;
  const metrics = new Metrics();

  beforeEach(async () => {
    server = await startTestRedis();
    client = new Redis(server.url);
    // What counts the lock's life runs as fast as the test says; Redis, and the way to it, are as they are.
    jest.useFakeTimers({
      doNotFake: [
        'nextTick',
        'setImmediate',
        'clearImmediate',
        'setTimeout',
        'clearTimeout',
        'queueMicrotask',
        'performance',
        'hrtime',
      ],
    });
    locks = new RedlockTicketLocks(
      [client],
      new InProcessTicketLocks(1_000, metrics),
      { ttlMs: TTL_MS, waitMs: 1_000 },
      new InProcessEventBus(),
      metrics,
      pino({ level: 'silent' }),
    );
  });
  afterEach(async () => {
    jest.useRealTimers();
    await locks.close();
    await server.stop();
  });

  it('is extended to no later than 120 s after it was taken, and then its work is aborted', async () => {
    const key = 'lock:{show:1}:ticket:7';
    const began = Date.now();
    let extensions = 0;
    const held = locks.hold([{ showId: 1, ticketId: 7 }], async (signal) => {
      while (!signal.aborted) {
        const elapsed = Date.now() - began;
        expect(elapsed + (await client.pttl(key))).toBeLessThanOrEqual(LONGEST_MS);
        expect(await client.pttl(key)).toBeGreaterThan(0);
        const before = await client.get(key);
        // An extension sets the key again, which Redis counts.
        const writes = await commandCount(client, 'set');
        jest.advanceTimersByTime(TTL_MS / 3);
        await eventually('the lock was extended or given up', async () => {
          if (signal.aborted) return true;
          return (await commandCount(client, 'set')) > writes;
        });
        if (!signal.aborted) extensions += 1;
        expect(await client.get(key)).toBe(before);
      }
      signal.throwIfAborted();
    });
    await expect(held).rejects.toMatchObject({ code: 'INVENTORY_BUSY' });
    // After 20, 40, 60, 80 and 100 s; at 120 s there is nothing left to extend by.
    expect(extensions).toBe(5);
    expect(await client.exists(key)).toBe(0);
  });
});

async function commandCount(client: Redis, command: string): Promise<number> {
  const stats = await client.info('commandstats');
  return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
}
