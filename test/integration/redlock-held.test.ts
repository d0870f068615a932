import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { availability, type PublishedShow, purchase, tryPurchase } from '../support/fixtures.js';
import { expectError } from '../support/graphql-client.js';
import { monitorLocks } from '../support/lock-monitor.js';
import { metric } from '../support/metrics.js';
import { closeGate } from '../support/order-gate.js';
import { hasRedis } from '../support/run.js';
import { startWorld, type World } from '../support/world.js';

const LOCK_TTL_MS = 1_500;
const SOMEBODY_ELSE = 'somebody else';

(hasRedis ? describe : describe.skip)('the lock of a purchase whose transaction takes long', () => {
  let world: World;
  let redis: Redis;
  let show: PublishedShow;
  let lock: string;
  beforeAll(async () => {
    world = await startWorld({ env: { LOCK_TTL_MS: String(LOCK_TTL_MS), LOCK_WAIT_MS: '60000' } });
    redis = new Redis(world.redis!.url);
  });
  beforeEach(async () => {
    ({ show } = await world.sell({ tickets: [{ quantity: 1 }] }));
    lock = `lock:{show:${show.id}}:ticket:${show.tickets[0]!.id}`;
  });
  afterAll(async () => {
    redis?.disconnect();
    await world.close();
  });

  const one = () => ({ showId: show.id, items: [{ ticketId: show.tickets[0]!.id, quantity: 1 }] });
  const left = async () => Object.values(await availability(world.server, show.id));

  it('is extended for as long as it is held, by no more than LOCK_TTL_MS, and then released', async () => {
    const monitor = await monitorLocks(world.redis!.url);
    await using gate = await closeGate(world.database, show.id);
    const buying = purchase(world.server, one());
    await gate.waiting();
    const owner = await redis.get(lock);
    // A lock is extended after a third of its life: by then it would have ended twice.
    await monitor.heard('the lock was extended six times', (events) => events.length > 6);
    expect(await redis.get(lock)).toBe(owner);
    expect(await redis.pttl(lock)).toBeGreaterThan(0);
    for (const event of monitor.events) {
      expect(event.owner).toBe(owner);
      expect(event.ttlMs).toBeLessThanOrEqual(LOCK_TTL_MS);
    }
    await gate.open();
    expect((await buying).order.status).toBe('CONFIRMED');
    expect(await redis.exists(lock)).toBe(0);
    monitor.close();
  });

  it.each([
    ['is taken by another', async () => void (await redis.set(lock, SOMEBODY_ELSE)), SOMEBODY_ELSE],
    ['is gone', async () => void (await redis.del(lock)), null],
  ])('aborts the purchase where it %s before it is released', async (_how, lose, afterwards) => {
    const lost = await metric(world.server, 'boxoffice_lock_failures_total', { reason: 'lost' });
    await using gate = await closeGate(world.database, show.id);
    const buying = tryPurchase(world.server, one());
    await gate.waiting();
    await lose();
    await world.server.waitForLog(
      (entry) => entry.msg === 'A lock was lost while it was held' && (entry.keys as string[]).includes(lock),
    );
    await gate.open();
    const failure = expectError(await buying, 'INVENTORY_BUSY');
    expect(failure.extensions?.retryAfterMs).toBeGreaterThan(0);
    const { rows } = await world.database.pool.query('select from orders where show_id = $1', [show.id]);
    expect(rows).toHaveLength(0);
    expect(await left()).toEqual([1]);
    expect(await redis.get(lock)).toBe(afterwards);
    expect(await metric(world.server, 'boxoffice_lock_failures_total', { reason: 'lost' })).toBe(lost + 1);
    await redis.del(lock);
    expect((await purchase(world.server, one())).order.status).toBe('CONFIRMED');
  });

  it('is released when the database fails in the middle of it', async () => {
    await world.database.pool.query(`
      create function fail() returns trigger language plpgsql as $$ begin raise exception 'the disk is full'; end $$;
      create trigger fail before insert on order_line for each row execute function fail();
    `);
    const failure = expectError(await tryPurchase(world.server, one()), 'INTERNAL_SERVER_ERROR');
    expect(failure.message).not.toContain('disk');
    expect(await redis.exists(lock)).toBe(0);
    expect(await left()).toEqual([1]);
    await world.database.pool.query('drop function fail cascade');
    expect((await purchase(world.server, one())).order.status).toBe('CONFIRMED');
  });

  it('ends by itself after the process that held it was killed, and what that had begun is undone', async () => {
    const doomed = await world.addServer();
    await using gate = await closeGate(world.database, show.id);
    const unanswered = expect(tryPurchase(doomed, one())).rejects.toThrow();
    await gate.waiting();
    expect(await redis.exists(lock)).toBe(1);
    await doomed.kill();
    await unanswered;
    await gate.open();
    expect((await purchase(world.server, one())).order.status).toBe('CONFIRMED');
    expect(await left()).toEqual([0]);
  });
});
