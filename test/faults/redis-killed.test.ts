import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Redis } from '../../dev/redis.js';
import { buyersOf, countersOf, orderedOf, PATIENT } from '../concurrency/rush.js';
import { purchase, readOrder, tryPurchase } from '../support/fixtures.js';
import { metric } from '../support/metrics.js';
import { closeGate } from '../support/order-gate.js';
import { startTestRedis } from '../support/redis.js';
import { hasRedis } from '../support/run.js';
import { startWorld, type World } from '../support/world.js';
import { allReady, nodesLockedDuring, oneOf, readHealth } from './redis-support.js';

const BUYERS = 300;
/** So many that most of them are sold after it. */
const TICKETS = 200;

const isOutage = ({ level, msg }: Record<string, unknown>) =>
  level === 'error' && String(msg).startsWith('Redis does not answer');

(hasRedis ? describe : describe.skip)('when Redis is killed', () => {
  let world: World;
  let redis: Redis | undefined;
  beforeAll(async () => {
    world = await startWorld({ servers: 2, env: { ...PATIENT, RATE_LIMITS: 'on' } });
    redis = world.redis;
  });
  afterEach(async () => {
    if (redis === undefined) await restart();
  });
  afterAll(async () => {
    await world.close();
    await redis?.stop();
  });

  async function kill(): Promise<void> {
    await redis!.kill();
    redis = undefined;
  }

  async function restart(): Promise<void> {
    redis = await startTestRedis(world.redis!.port);
    await allReady(world.servers);
  }

  it('in the middle of a rush, selling goes on and exactly what there is is sold', async () => {
    const { show } = await world.sell({ tickets: [{ quantity: TICKETS }] });
    const buying = buyersOf(show, BUYERS).map((input, index) =>
      tryPurchase(world.servers[index % 2]!, input),
    );
    await Promise.any(buying);
    await kill();
    const answers = await Promise.all(buying);
    await Promise.any(world.servers.map((server) => server.waitForLog(isOutage)));
    const outcomes = answers.map(({ errors }) => errors[0]?.extensions?.code ?? 'BOUGHT');
    expect(outcomes.filter((outcome) => outcome === 'BOUGHT')).toHaveLength(TICKETS);
    expect(outcomes.filter((outcome) => outcome === 'SOLD_OUT')).toHaveLength(BUYERS - TICKETS);
    const ticketId = show.tickets[0]!.id;
    expect(await orderedOf(world.database.pool, ticketId)).toBe(TICKETS);
    expect(await countersOf(world.database.pool, ticketId)).toEqual({
      quantity: TICKETS,
      held: 0,
      sold: TICKETS,
    });
  });

  it('says so in health, metrics and log while it goes on, and works as before once Redis is back', async () => {
    const { show } = await world.sell({ tickets: [{ quantity: TICKETS }] });
    const heard = world.server.logs().length;
    await kill();
    await purchase(world.server, oneOf(show));

    expect(await readHealth(world.server)).toEqual({
      code: 200,
      status: 'degraded',
      checks: { process: 'ok', database: 'ok', locks: 'degraded', events: 'degraded' },
    });
    expect(await metric(world.server, 'boxoffice_redis_available', { use: 'locks' })).toBe(0);
    expect(
      await metric(world.server, 'boxoffice_lock_failures_total', { reason: 'unavailable' }),
    ).toBeGreaterThan(0);
    await world.server.waitForLog((entry) => isOutage(entry) && world.server.logs().indexOf(entry) >= heard);

    // Nobody has to buy anything for it to be noticed that Redis is back.
    await restart();
    expect(await metric(world.server, 'boxoffice_redis_available', { use: 'locks' })).toBe(1);
    expect(await nodesLockedDuring(world, show, [world.redis!.url])).toEqual([true]);
  });

  it('while a lock is held, the order that was made stands although its lock cannot be released', async () => {
    const { show } = await world.sell({ tickets: [{ quantity: 1 }] });
    await using gate = await closeGate(world.database, show.id);
    const buying = purchase(world.server, oneOf(show));
    await gate.waiting();
    await kill();
    await gate.open();
    const bought = await buying;
    expect(bought.order.status).toBe('CONFIRMED');
    expect((await readOrder(world.server, bought)).attendees).toHaveLength(1);
    await world.server.waitForLog(
      (entry) =>
        entry.msg === 'A lock could not be released and will expire' &&
        (entry.keys as string[]).includes(`lock:{show:${show.id}}:ticket:${show.tickets[0]!.id}`),
    );
    expect(
      await metric(world.server, 'boxoffice_lock_failures_total', { reason: 'release' }),
    ).toBeGreaterThan(0);
  });
});
