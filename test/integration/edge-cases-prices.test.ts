import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type Account,
  availability,
  orderReaches,
  type PublishedShow,
  type PurchaseInput,
  purchase,
  readOrder,
  tryPurchase,
  uniqueEmail,
} from '../support/fixtures.js';
import { expectError } from '../support/graphql-client.js';
import { OPERATIONS } from '../support/operations.js';
import { traces } from '../support/row-counts.js';
import { sessionIn } from '../support/stripe.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld({ env: { WORKER: 'off' } });
});
afterAll(() => world.close());

/** Sends what cannot be had, and holds that nothing at all has come of it. */
async function refused(code: string, input: PurchaseInput) {
  const before = await traces(world);
  const failure = expectError(await tryPurchase(world.server, input), code);
  expect(await traces(world)).toEqual(before);
  return failure;
}

function changePrice(seller: Account, id: string, price: number): Promise<unknown> {
  return seller.client.data(OPERATIONS['Mutation.updateTicket'], { id, input: { price } });
}

/** How often Stripe was asked for a Checkout Session of this order. */
async function sessionsAskedFor(orderId: string): Promise<number> {
  const made = await world.stripe.requests({ method: 'POST', path: '/v1/checkout/sessions' });
  return made.filter(
    ({ params }) => (params.metadata as { order_id?: string } | undefined)?.order_id === orderId,
  ).length;
}

describe('a price that changes while somebody buys', () => {
  const sell = async () => {
    const { seller, show } = await world.sell({ tickets: [{ price: 2_000 }, { price: 700 }, { price: 0 }] });
    const [first, second, third] = show.tickets.map((ticket) => ticket.id);
    return { seller, show, first: first!, second: second!, third: third! };
  };

  it('is refused with the old and the new one, of every ticket whose price is not what the buyer saw', async () => {
    const { seller, show, first, second, third } = await sell();
    await changePrice(seller, first, 2_500);
    await changePrice(seller, third, 100);
    const failure = await refused('PRICE_CHANGED', {
      showId: show.id,
      items: [
        { ticketId: first, quantity: 1, expectedUnitPrice: 2_000 },
        { ticketId: second, quantity: 1, expectedUnitPrice: 700 },
        { ticketId: third, quantity: 1, expectedUnitPrice: 0 },
      ],
    });
    expect(failure.extensions).toEqual({
      code: 'PRICE_CHANGED',
      tickets: [
        { ticketId: first, expected: 2_000, actual: 2_500 },
        { ticketId: third, expected: 0, actual: 100 },
      ],
    });
  });

  it('is refused though it fell: whoever saw another price asks again', async () => {
    const { seller, show, first } = await sell();
    await changePrice(seller, first, 1);
    const items = [{ ticketId: first, quantity: 1, expectedUnitPrice: 2_000 }];
    const failure = await refused('PRICE_CHANGED', { showId: show.id, items });
    expect(failure.extensions?.tickets).toEqual([{ ticketId: first, expected: 2_000, actual: 1 }]);
  });

  it('is refused when one of two items of the same ticket saw another one', async () => {
    const { show, first } = await sell();
    const items = [2_000, 1_999].map((expectedUnitPrice) => ({
      ticketId: first,
      quantity: 1,
      expectedUnitPrice,
    }));
    const failure = await refused('PRICE_CHANGED', { showId: show.id, items });
    expect(failure.extensions?.tickets).toEqual([{ ticketId: first, expected: 1_999, actual: 2_000 }]);
  });

  it('is what the buyer pays who sent the price that it is now, and who sent none', async () => {
    const { seller, show, first } = await sell();
    await changePrice(seller, first, 2_500);
    for (const seen of [{ expectedUnitPrice: 2_500 }, {}]) {
      const bought = await purchase(world.server, {
        showId: show.id,
        items: [{ ticketId: first, quantity: 2, ...seen }],
      });
      expect(bought.order).toMatchObject({
        total: { amount: 5_000 },
        lines: [{ unitPrice: { amount: 2_500 } }],
      });
    }
  });

  it('never moves an order that was made before, nor what Stripe charges for it', async () => {
    const { seller, show, first, second } = await sell();
    const items = [
      { ticketId: first, quantity: 2 },
      { ticketId: second, quantity: 1 },
    ];
    const bought = await purchase(world.server, { showId: show.id, items });
    await changePrice(seller, first, 9_999);
    await changePrice(seller, second, 0);

    const order = await readOrder(world.server, bought);
    expect(order).toMatchObject({ status: 'PENDING', total: { amount: 4_700, currency: 'USD' } });
    expect(order.lines.map((line) => line.unitPrice.amount)).toEqual([2_000, 700]);
    const session = await world.stripe.pay(sessionIn(bought.checkoutUrl));
    expect(session).toMatchObject({ amount_total: 4_700, currency: 'usd' });
    expect(await sessionsAskedFor(order.id)).toBe(1);
    const confirmed = await orderReaches(world.server, bought, 'CONFIRMED');
    expect(confirmed).toMatchObject({ paymentStatus: 'PAID', total: { amount: 4_700 } });
    expect(confirmed.lines.map((line) => line.unitPrice.amount)).toEqual([2_000, 700]);
  });
});

describe('currencies', () => {
  const yen = { price: 1_200, currency: 'JPY' };

  it('do not mix in one order', async () => {
    const { show } = await world.sell({ tickets: [{ price: 500, currency: 'EUR' }, yen] });
    const items = show.tickets.map(({ id }) => ({ ticketId: id, quantity: 1 }));
    expect(await refused('BAD_USER_INPUT', { showId: show.id, items })).toMatchObject({
      message: 'Tickets in different currencies cannot be bought in one order',
      extensions: { field: 'items' },
    });
    for (const [index, currency] of ['EUR', 'JPY'].entries()) {
      const bought = await purchase(world.server, { showId: show.id, items: [items[index]!] });
      expect(bought.order.total.currency).toBe(currency);
    }
  });

  it('without decimals are charged in whole units', async () => {
    const { show } = await world.sell({ tickets: [yen] });
    const items = [{ ticketId: show.tickets[0]!.id, quantity: 3 }];
    const bought = await purchase(world.server, { showId: show.id, items });
    expect(bought.order).toMatchObject({
      total: { amount: 3_600, currency: 'JPY' },
      lines: [{ unitPrice: { amount: 1_200, currency: 'JPY' } }],
    });
    const session = await world.stripe.pay(sessionIn(bought.checkoutUrl));
    expect(session).toMatchObject({ amount_total: 3_600, currency: 'jpy' });
    expect(await orderReaches(world.server, bought, 'CONFIRMED')).toMatchObject({ paymentStatus: 'PAID' });
  });
});

describe('free tickets among others', () => {
  const sell = async (): Promise<PublishedShow> =>
    (
      await world.sell({
        tickets: [
          { price: 1_000, quantity: 5 },
          { price: 0, quantity: 5 },
        ],
      })
    ).show;

  it('are held until the others are paid, and only the others are charged', async () => {
    const show = await sell();
    const [paid, free] = show.tickets.map((ticket) => ticket.id);
    const bought = await purchase(world.server, {
      showId: show.id,
      items: [
        { ticketId: free!, quantity: 2 },
        { ticketId: paid!, quantity: 1 },
      ],
    });
    expect(bought.order).toMatchObject({ status: 'PENDING', total: { amount: 1_000 }, attendees: [] });
    expect(await availability(world.server, show.id)).toEqual({ [paid!]: 4, [free!]: 3 });
    expect(await world.stripe.pay(sessionIn(bought.checkoutUrl))).toMatchObject({ amount_total: 1_000 });
    const confirmed = await orderReaches(world.server, bought, 'CONFIRMED');
    expect(confirmed.attendees).toHaveLength(3);
    expect(confirmed.lines.map((line) => [line.ticket.id, line.quantity, line.unitPrice.amount])).toEqual([
      [free, 2, 0],
      [paid, 1, 1_000],
    ]);
  });

  it('bought alone need no payment and no Stripe', async () => {
    const show = await sell();
    const before = (await world.stripe.requests()).length;
    const items = [{ ticketId: show.tickets[1]!.id, quantity: 5 }];
    const bought = await purchase(world.server, { showId: show.id, items, email: uniqueEmail() });
    expect(bought).toMatchObject({
      checkoutUrl: null,
      order: { status: 'CONFIRMED', paymentStatus: 'NOT_REQUIRED', expiresAt: null, total: { amount: 0 } },
    });
    expect(await world.stripe.requests()).toHaveLength(before);
  });
});
