import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { type PublishedShow, purchase } from '../support/fixtures.js';
import { counters, endHold, mailsAbout, makeDue, settlesAs } from '../support/order-life.js';
import type { TestServer } from '../support/server.js';
import { sessionIn } from '../support/stripe.js';
import { startWorld, type World } from '../support/world.js';

/** More than one round of one worker takes. */
const ORDERS = 130;

let world: World;
let show: PublishedShow;
let second: TestServer;
beforeAll(async () => {
  world = await startWorld({ env: { LOCK_WAIT_MS: '60000' } });
  // It sells nothing, so it needs no Redis either.
  second = await world.addServer();
  ({ show } = await world.sell({ tickets: [{ price: 2500, quantity: 500 }, { quantity: 500 }] }));
});
afterEach(() => world.stripe.faults.clear());
afterAll(async () => world.close());

const buy = (index: number) =>
  purchase(world.server, { showId: show.id, items: [{ ticketId: show.tickets[index]!.id, quantity: 1 }] });

describe('two workers in two processes', () => {
  it(`look after each of ${ORDERS} due orders once`, async () => {
    const orders = await Promise.all(Array.from({ length: ORDERS }, () => buy(0)));
    await world.stripe.webhooks.pause();
    await world.stripe.faults.add({ kind: 'stall', stallMs: 100, match: { path: 'expire$' } });
    await world.database.pool.query('update orders set expires_at = now(), check_at = now()');
    await eventually(
      'everything is on sale again',
      async () => (await counters(world, show.tickets[0]!.id)).held === 0,
      60_000,
    );
    await world.stripe.webhooks.discardHeld();
    await world.stripe.webhooks.resume();
    const requests = await world.stripe.requests({ path: '/v1/checkout/sessions/cs_' });
    const perSession = Map.groupBy(requests, ({ path }) => path.split('/')[4]);
    for (const { checkoutUrl } of orders) {
      const methods = perSession.get(sessionIn(checkoutUrl))?.map(({ method }) => method);
      expect(methods).toEqual(['POST']);
    }
    const { rows } = await world.database.pool.query('select distinct status, check_at from orders');
    expect(rows).toEqual([{ status: 'EXPIRED', check_at: null }]);
  });

  it('send each mail once', async () => {
    const orders = await Promise.all(Array.from({ length: 40 }, () => buy(1)));
    for (const { order } of orders) {
      expect(await mailsAbout(world, order.id, 'confirmation')).toHaveLength(1);
    }
  });
});

describe('a worker that dies while it looks after an order', () => {
  it('leaves it to the other one', async () => {
    const bought = await buy(0);
    const stall = await world.stripe.faults.add({ kind: 'stall', match: { path: 'expire$' } });
    await endHold(world, bought.order.id);
    await world.stripe.faults.whenStruck(stall.id);
    // Whichever of the two has it dies here or lets it be: the other one is not waited for.
    await second.kill();
    await world.stripe.faults.clear();
    await makeDue(world, bought.order.id);
    await settlesAs(world, bought.order.id, 'EXPIRED', 'UNPAID');
    expect(await counters(world, show.tickets[0]!.id)).toMatchObject({ held: 0, sold: 0 });
  });
});
