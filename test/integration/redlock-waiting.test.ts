import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { eventually } from '../support/eventually.js';
import { availability, type PublishedShow, purchase, tryPurchase } from '../support/fixtures.js';
import { expectError } from '../support/graphql-client.js';
import { type LockMonitor, monitorLocks } from '../support/lock-monitor.js';
import { metric } from '../support/metrics.js';
import { closeGate } from '../support/order-gate.js';
import { hasRedis } from '../support/run.js';
import type { TestServer } from '../support/server.js';
import { startWorld, type World } from '../support/world.js';

const SOMEBODY_ELSE = 'somebody else';
const CONTENTION = 'boxoffice_lock_contention_total';

(hasRedis ? describe : describe.skip)('a purchase whose tickets somebody else has locked', () => {
  let world: World;
  let patient: TestServer;
  let redis: Redis;
  let show: PublishedShow;
  beforeAll(async () => {
    world = await startWorld({ env: { LOCK_WAIT_MS: '200' } });
    patient = await world.addServer({ env: { LOCK_WAIT_MS: '60000' } });
    redis = new Redis(world.redis!.url);
  });
  beforeEach(async () => {
    ({ show } = await world.sell({ tickets: [{ quantity: 10 }, { quantity: 10 }] }));
  });
  afterAll(async () => {
    redis?.disconnect();
    await world.close();
  });

  const lockOf = (index: number) => `lock:{show:${show.id}}:ticket:${show.tickets[index]!.id}`;
  const oneOf = (...indexes: number[]) => ({
    showId: show.id,
    items: indexes.map((index) => ({ ticketId: show.tickets[index]!.id, quantity: 1 })),
  });
  const contended = (server: TestServer, before: number) =>
    eventually('somebody stands in the way', async () => (await metric(server, CONTENTION)) > before);
  const waitingInQueue = (server: TestServer, count: number) =>
    eventually(
      `${count} purchases wait their turn`,
      async () => (await metric(server, 'boxoffice_purchases_waiting')) === count,
    );
  const orderLog = (server: TestServer, orderId: string) =>
    server.waitForLog((entry) => entry.msg === 'An order was made' && entry.orderId === orderId);

  describe('and not let go in time', () => {
    let monitor: LockMonitor;
    beforeAll(async () => {
      monitor = await monitorLocks(world.redis!.url);
    });
    afterAll(() => monitor?.close());

    it.each([[0], [1]])(
      'is INVENTORY_BUSY, and locks none of its tickets, where ticket %i is locked',
      async (held) => {
        await redis.set(lockOf(held), SOMEBODY_ELSE, 'PX', 60_000);
        const failures = await metric(world.server, 'boxoffice_lock_failures_total', { reason: 'timeout' });
        const failure = expectError(await tryPurchase(world.server, oneOf(1, 0)), 'INVENTORY_BUSY');
        expect(failure.extensions?.retryAfterMs).toBeGreaterThan(0);
        expect(await redis.keys(`lock:{show:${show.id}}:*`)).toEqual([lockOf(held)]);
        expect(await redis.get(lockOf(held))).toBe(SOMEBODY_ELSE);
        expect(monitor.events.filter((event) => event.key.includes(`{show:${show.id}}`))).toEqual([]);
        expect(Object.values(await availability(world.server, show.id))).toEqual([10, 10]);
        expect(await metric(world.server, 'boxoffice_lock_failures_total', { reason: 'timeout' })).toBe(
          failures + 1,
        );
      },
    );

    it('leaves tickets that nobody locked to others meanwhile', async () => {
      await redis.set(lockOf(0), SOMEBODY_ELSE, 'PX', 60_000);
      const bought = await purchase(world.server, oneOf(1));
      expect(bought.order.status).toBe('CONFIRMED');
    });
  });

  it('goes on as soon as the lock is let go; the wait is measured and logged', async () => {
    const before = await metric(patient, CONTENTION);
    const waits = await metric(patient, 'boxoffice_lock_wait_seconds_count');
    const waited = await metric(patient, 'boxoffice_lock_wait_seconds_sum');
    await redis.set(lockOf(1), SOMEBODY_ELSE);
    const buying = purchase(patient, oneOf(0, 1));
    await contended(patient, before);
    await redis.del(lockOf(1));
    const { order } = await buying;
    expect(order.status).toBe('CONFIRMED');
    expect((await orderLog(patient, order.id)).lockWaitMs).toBeGreaterThan(0);
    expect(await metric(patient, 'boxoffice_lock_wait_seconds_count')).toBe(waits + 1);
    expect(await metric(patient, 'boxoffice_lock_wait_seconds_sum')).toBeGreaterThan(waited);
  });

  it('waits for the purchase of another process that holds it', async () => {
    const before = await metric(patient, CONTENTION);
    await using gate = await closeGate(world.database, show.id);
    const earlier = purchase(world.server, oneOf(0));
    await gate.waiting();
    const later = purchase(patient, oneOf(1, 0));
    await contended(patient, before);
    await gate.open();
    expect((await earlier).order.status).toBe('CONFIRMED');
    const { order } = await later;
    expect(order.status).toBe('CONFIRMED');
    expect((await orderLog(patient, order.id)).lockWaitMs).toBeGreaterThan(0);
    expect(await redis.keys(`lock:{show:${show.id}}:*`)).toEqual([]);
  });

  it('waits its turn behind the purchase of the same process that holds it, and is served with all who wait', async () => {
    const monitor = await monitorLocks(world.redis!.url);
    try {
      await using gate = await closeGate(world.database, show.id);
      const earlier = purchase(patient, oneOf(0));
      await gate.waiting();
      const later = [
        purchase(patient, oneOf(1, 0)),
        purchase(patient, oneOf(0)),
        purchase(patient, oneOf(1)),
      ];
      await waitingInQueue(patient, later.length);
      await gate.open();
      expect((await earlier).order.status).toBe('CONFIRMED');
      for (const { order } of await Promise.all(later)) {
        expect(order.status).toBe('CONFIRMED');
        expect((await orderLog(patient, order.id)).lockWaitMs).toBeGreaterThan(0);
      }
      const ofShow = monitor.requests.filter((keys) => keys.some((key) => key.includes(`{show:${show.id}}`)));
      const alone = [lockOf(0)];
      const together = [lockOf(0), lockOf(1)];
      // Each is asked for, and given back.
      expect(ofShow).toEqual([alone, alone, together, together]);
    } finally {
      monitor.close();
    }
  });
});
