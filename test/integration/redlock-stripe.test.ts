import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { eventually } from '../support/eventually.js';
import { purchase } from '../support/fixtures.js';
import { hasRedis } from '../support/run.js';
import { startWorld, type World } from '../support/world.js';

const SESSIONS = { method: 'POST', path: '/v1/checkout/sessions' };

(hasRedis ? describe : describe.skip)('while Stripe is asked for a Checkout Session', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ servers: 2 });
  });
  afterAll(() => world.close());

  it('no lock is held, no transaction is open, and others buy the same ticket', async () => {
    const { show } = await world.sell({ tickets: [{ quantity: 10, price: 2500 }] });
    const input = { showId: show.id, items: [{ ticketId: show.tickets[0]!.id, quantity: 1 }] };
    await world.stripe.faults.add({ match: SESSIONS, kind: 'stall', times: 1, stallMs: 5_000 });
    let answered = false;
    const stalled = purchase(world.server, input).finally(() => {
      answered = true;
    });
    await eventually('Stripe is asked', async () => (await world.stripe.requests(SESSIONS)).length > 0);

    const redis = new Redis(world.redis!.url);
    expect(await redis.keys('lock:*')).toEqual([]);
    redis.disconnect();
    const { rows } = await world.database.pool.query(
      `select query from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'`,
    );
    expect(rows).toEqual([]);
    const others = await Promise.all(world.servers.map((server) => purchase(server, input)));
    expect(answered).toBe(false);
    for (const { order, checkoutUrl } of others) {
      expect(order.status).toBe('PENDING');
      expect(checkoutUrl).not.toBeNull();
    }
    expect((await stalled).order.status).toBe('PENDING');
  });
});
