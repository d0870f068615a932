import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { availability, orderReaches, purchase, readOrder } from '../support/fixtures.js';
import { expectData, graphql } from '../support/graphql-client.js';
import { sessionIn } from '../support/stripe.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(async () => world.close());

describe('buying free tickets', () => {
  it('confirms the order at once, with attendees reachable from order and lines', async () => {
    const { show } = await world.sell({ tickets: [{ quantity: 10 }] });
    const [ticket] = show.tickets;
    const bought = await purchase(world.server, {
      showId: show.id,
      items: [{ ticketId: ticket!.id, quantity: 3 }],
      name: 'Ada',
    });
    expect(bought.checkoutUrl).toBeNull();
    expect(bought.order).toMatchObject({
      status: 'CONFIRMED',
      paymentStatus: 'NOT_REQUIRED',
      total: { amount: 0 },
    });
    const order = await readOrder(world.server, bought);
    expect(order.attendees).toHaveLength(3);
    expect(order.lines).toHaveLength(1);
    expect(order.lines[0]!.attendees).toHaveLength(3);
    expect(new Set(order.attendees.map((attendee) => attendee.code)).size).toBe(3);
    expect(await availability(world.server, show.id)).toEqual({ [ticket!.id]: 7 });
  });
});

describe('buying tickets that cost something', () => {
  it('holds the inventory until Stripe says that it is paid, then confirms', async () => {
    const { show } = await world.sell({
      tickets: [
        { price: 2500, quantity: 10 },
        { price: 1000, quantity: 5 },
      ],
    });
    const [first, second] = show.tickets;
    const bought = await purchase(world.server, {
      showId: show.id,
      items: [
        { ticketId: first!.id, quantity: 2 },
        { ticketId: second!.id, quantity: 1 },
      ],
    });
    expect(bought.order).toMatchObject({
      status: 'PENDING',
      paymentStatus: 'UNPAID',
      total: { amount: 6000, currency: 'USD' },
      attendees: [],
    });
    expect(bought.checkoutUrl).toMatch(/^http/);
    expect(await availability(world.server, show.id)).toEqual({ [first!.id]: 8, [second!.id]: 4 });
    const { rows } = await world.database.pool.query(
      'select checkout_session_id, checkout_url from orders where id = $1',
      [bought.order.id],
    );
    expect(rows[0].checkout_session_id).toMatch(/^cs_/);
    expect(rows[0].checkout_url).toBe(bought.checkoutUrl);

    await world.stripe.pay(sessionIn(bought.checkoutUrl));
    const confirmed = await orderReaches(world.server, bought, 'CONFIRMED');
    expect(confirmed).toMatchObject({ paymentStatus: 'PAID', checkoutUrl: null });
    expect(confirmed.attendees).toHaveLength(3);
    expect(await availability(world.server, show.id)).toEqual({ [first!.id]: 8, [second!.id]: 4 });
  });
});

describe('the viewer', () => {
  it('is null for nobody', async () => {
    expect(expectData(await graphql(world.server, '{ viewer { id } }'))).toEqual({ viewer: null });
  });
});
