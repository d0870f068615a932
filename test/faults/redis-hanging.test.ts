import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { buyersOf, countersOf, PATIENT, rush, tally } from '../concurrency/rush.js';
import { type PublishedShow, purchase } from '../support/fixtures.js';
import { metric } from '../support/metrics.js';
import { closeGate } from '../support/order-gate.js';
import { hasRedis } from '../support/run.js';
import { startWorld, type World } from '../support/world.js';
import { allReady, nodesLockedDuring, oneOf, readHealth } from './redis-support.js';

const TICKETS = 20;

/** Its connections stay open, and nothing comes back on them. */
(hasRedis ? describe : describe.skip)('when Redis hangs', () => {
  let world: World;
  let show: PublishedShow;
  beforeAll(async () => {
    world = await startWorld({ servers: 2, env: { ...PATIENT, RATE_LIMITS: 'on' } });
    await world.addServer({ env: { LOCK_WAIT_MS: '0' } });
  });
  beforeEach(async () => {
    ({ show } = await world.sell({ tickets: [{ quantity: TICKETS }] }));
  });
  afterEach(async () => {
    world.redis!.signal('SIGCONT');
    await allReady(world.servers);
  });
  afterAll(() => world.close());

  const countersNow = () => countersOf(world.database.pool, show.tickets[0]!.id);

  it('PostgreSQL alone decides: exactly what there is is sold', async () => {
    world.redis!.signal('SIGSTOP');
    const outcome = await rush(world.servers.slice(0, 2), buyersOf(show, 3 * TICKETS));
    expect(tally(outcome)).toEqual({ CONFIRMED: TICKETS, SOLD_OUT: 2 * TICKETS });
    expect(await countersNow()).toEqual({ quantity: TICKETS, held: 0, sold: TICKETS });
  });

  it('a purchase succeeds even where it would wait for nobody else’s lock', async () => {
    world.redis!.signal('SIGSTOP');
    const bought = await purchase(world.servers[2]!, oneOf(show));
    expect(bought.order.status).toBe('CONFIRMED');
  });

  it('says so while it goes on, and takes its locks there again afterwards', async () => {
    world.redis!.signal('SIGSTOP');
    await purchase(world.server, oneOf(show));
    const { code, status, checks } = await readHealth(world.server);
    expect({ code, status, locks: checks.locks }).toEqual({
      code: 200,
      status: 'degraded',
      locks: 'degraded',
    });
    expect(await metric(world.server, 'boxoffice_redis_available', { use: 'locks' })).toBe(0);

    world.redis!.signal('SIGCONT');
    await allReady(world.servers);
    expect(await metric(world.server, 'boxoffice_redis_available', { use: 'locks' })).toBe(1);
    expect(await nodesLockedDuring(world, show, [world.redis!.url])).toEqual([true]);
  });

  it('while a lock is held, the order that was made stands although its lock cannot be released', async () => {
    await using gate = await closeGate(world.database, show.id);
    const buying = purchase(world.server, oneOf(show));
    await gate.waiting();
    world.redis!.signal('SIGSTOP');
    await gate.open();
    expect((await buying).order.status).toBe('CONFIRMED');
    expect(await countersNow()).toEqual({ quantity: TICKETS, held: 0, sold: 1 });
  });
});
