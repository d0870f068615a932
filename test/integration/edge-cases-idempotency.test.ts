import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  availability,
  orderReaches,
  type PurchaseInput,
  purchase,
  readOrder,
  type ShowOptions,
  signUp,
  tryPurchase,
  uniqueEmail,
} from '../support/fixtures.js';
import { expectError, graphql } from '../support/graphql-client.js';
import { OPERATIONS } from '../support/operations.js';
import { traces } from '../support/row-counts.js';
import { sessionIn } from '../support/stripe.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld({ env: { WORKER: 'off' } });
});
afterAll(() => world.close());

/** A show on sale, and a purchase of two of its first ticket with a key of its own. */
async function sell(tickets: ShowOptions['tickets']) {
  const { seller, show } = await world.sell({ tickets });
  const ticketId = show.tickets[0]!.id;
  const input = {
    showId: show.id,
    items: [{ ticketId, quantity: 2 }],
    email: uniqueEmail('buyer'),
    idempotencyKey: randomUUID(),
  } satisfies PurchaseInput;
  return { seller, show, ticketId, input };
}

async function refused(code: string, input: PurchaseInput) {
  const before = await traces(world);
  const failure = expectError(await tryPurchase(world.server, input), code);
  expect(await traces(world)).toEqual(before);
  return failure;
}

describe('the same purchase sent again with its key', () => {
  it.each([
    ['free', 0],
    ['paid', 1_500],
  ])('is the same %s order, with the same access token and page', async (_what, price) => {
    const { input, show, ticketId } = await sell([{ price, quantity: 10 }]);
    const first = await purchase(world.server, input);
    const before = await traces(world);
    for (let time = 0; time < 3; time += 1) expect(await purchase(world.server, input)).toEqual(first);
    expect(await traces(world)).toEqual(before);
    expect(await availability(world.server, show.id)).toEqual({ [ticketId]: 8 });
    expect(await readOrder(world.server, first)).toMatchObject({ id: first.order.id });
  });

  it('is answered after everything is sold out', async () => {
    const { input, show, ticketId } = await sell([{ quantity: 2 }]);
    const first = await purchase(world.server, input);
    expect(await availability(world.server, show.id)).toEqual({ [ticketId]: 0 });
    expect(await purchase(world.server, input)).toEqual(first);
    await refused('SOLD_OUT', { ...input, idempotencyKey: randomUUID() });
  });

  it('is answered after sales have ended, the price has changed, and the show is over', async () => {
    const { input, show, ticketId } = await sell([{ price: 500, quantity: 9 }]);
    const priced = { ...input, items: [{ ticketId, quantity: 2, expectedUnitPrice: 500 }] };
    const first = await purchase(world.server, priced);
    await world.database.pool.query('update ticket set price = 900, sales_end_at = now() where id = $1', [
      ticketId,
    ]);
    await world.database.pool.query('update show set starts_at = now() where id = $1', [show.id]);
    expect(await purchase(world.server, priced)).toEqual(first);
  });

  it('shows what has become of the order', async () => {
    const { input } = await sell([{ price: 500, quantity: 9 }]);
    const first = await purchase(world.server, input);
    await world.stripe.pay(sessionIn(first.checkoutUrl));
    await orderReaches(world.server, first, 'CONFIRMED');
    const again = await purchase(world.server, input);
    expect(again).toMatchObject({
      accessToken: first.accessToken,
      checkoutUrl: null,
      order: { id: first.order.id, status: 'CONFIRMED', paymentStatus: 'PAID' },
    });
  });

  it('at once and many times makes one order', async () => {
    const { input, show, ticketId } = await sell([{ price: 500, quantity: 100 }]);
    const answers = await Promise.all(Array.from({ length: 12 }, () => purchase(world.server, input)));
    expect(new Set(answers.map(({ order }) => order.id)).size).toBe(1);
    expect(new Set(answers.map(({ accessToken }) => accessToken)).size).toBe(1);
    expect(new Set(answers.map(({ checkoutUrl }) => checkoutUrl)).size).toBe(1);
    expect(await availability(world.server, show.id)).toEqual({ [ticketId]: 98 });
  });

  it('is the same whatever the order of its fields, and whether what is null is named', async () => {
    const { input } = await sell([{ quantity: 9 }]);
    const first = await purchase(world.server, input);
    const { idempotencyKey, email, items, showId } = input;
    const document = OPERATIONS['Mutation.purchaseTickets'];
    const turned = { name: null, successUrl: null, idempotencyKey, email, items, showId };
    const answer = await graphql(world.server, document, { input: turned });
    expect(answer.data).toMatchObject({ purchaseTickets: { order: { id: first.order.id } } });
  });
});

describe('another purchase with a key that is taken', () => {
  it('is refused, whatever differs', async () => {
    const { input, show } = await sell([{ quantity: 50 }, { quantity: 50 }]);
    await purchase(world.server, input);
    const [first, second] = show.tickets.map((ticket) => ticket.id);
    const others: PurchaseInput[] = [
      { ...input, items: [{ ticketId: first!, quantity: 3 }] },
      { ...input, items: [{ ticketId: second!, quantity: 2 }] },
      { ...input, items: [...input.items, { ticketId: second!, quantity: 1 }] },
      { ...input, items: [{ ticketId: first!, quantity: 2, expectedUnitPrice: 0 }] },
      { ...input, name: 'Another Name' },
      { ...input, successUrl: 'https://shop.example/thanks' },
      { ...input, cancelUrl: 'https://shop.example/back' },
    ];
    for (const other of others) {
      expect(await refused('IDEMPOTENCY_KEY_REUSED', other)).toMatchObject({
        extensions: { code: 'IDEMPOTENCY_KEY_REUSED', field: 'idempotencyKey' },
      });
    }
  });

  it('is another order for another address or another show', async () => {
    const { input, show } = await sell([{ quantity: 50 }]);
    const first = await purchase(world.server, input);
    const stranger = await purchase(world.server, { ...input, email: uniqueEmail() });
    const { show: elsewhere } = await world.sell({ tickets: [{}] });
    const items = [{ ticketId: elsewhere.tickets[0]!.id, quantity: 2 }];
    const other = await purchase(world.server, { ...input, showId: elsewhere.id, items });
    expect(new Set([first, stranger, other].map(({ order }) => order.id)).size).toBe(3);
    expect(new Set([first, stranger, other].map(({ accessToken }) => accessToken)).size).toBe(3);
    expect(await availability(world.server, show.id)).toEqual({ [show.tickets[0]!.id]: 46 });
  });

  it('makes no second order for the same address in other letters', async () => {
    const { input, show } = await sell([{ quantity: 50 }]);
    const first = await purchase(world.server, input);
    const shouted = await purchase(world.server, { ...input, email: input.email.toUpperCase() });
    expect(shouted.order.id).toBe(first.order.id);
    expect(await availability(world.server, show.id)).toEqual({ [show.tickets[0]!.id]: 48 });
  });
});

describe('a key whose purchase left nothing behind', () => {
  it('is free again after SOLD_OUT', async () => {
    const { input, seller, ticketId } = await sell([{ quantity: 1 }]);
    await refused('SOLD_OUT', input);
    await seller.client.data(OPERATIONS['Mutation.updateTicket'], { id: ticketId, input: { quantity: 10 } });
    expect((await purchase(world.server, input)).order.status).toBe('CONFIRMED');
  });

  it('may come with another input after a refusal', async () => {
    const { input, ticketId } = await sell([{ quantity: 20 }]);
    await refused('LIMIT_EXCEEDED', { ...input, items: [{ ticketId, quantity: 11 }] });
    expect((await purchase(world.server, input)).order.status).toBe('CONFIRMED');
  });

  it('is free again after Stripe failed, and the inventory is back', async () => {
    const { input, show, ticketId } = await sell([{ price: 800, quantity: 2 }]);
    await world.stripe.faults.add({
      kind: 'error',
      status: 500,
      match: { method: 'POST', path: '/v1/checkout/sessions' },
    });
    expectError(await tryPurchase(world.server, input), 'PAYMENT_PROVIDER_UNAVAILABLE');
    await world.stripe.faults.clear();
    expect(await availability(world.server, show.id)).toEqual({ [ticketId]: 2 });
    const bought = await purchase(world.server, { ...input, items: [{ ticketId, quantity: 1 }] });
    expect(bought.order).toMatchObject({ status: 'PENDING', total: { amount: 800 } });
  });
});

describe('without a key', () => {
  it('the same purchase twice is two orders', async () => {
    const { input, show, ticketId } = await sell([{ quantity: 20 }]);
    const { idempotencyKey: _, ...keyless } = input;
    const orders = [await purchase(world.server, keyless), await purchase(world.server, keyless)];
    expect(new Set(orders.map(({ order }) => order.id)).size).toBe(2);
    expect(await availability(world.server, show.id)).toEqual({ [ticketId]: 16 });
  });
});

describe('a key', () => {
  it('does not let another account read the order as its own', async () => {
    const { input } = await sell([{ quantity: 20 }]);
    const first = await purchase(world.server, input);
    const stranger = await signUp(world.server);
    const seen = await stranger.client.data(OPERATIONS['Query.order'], { id: first.order.id });
    expect(seen).toEqual({ order: null });
  });
});
