import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { FaultRule } from '../../dev/stripe/index.js';
import { eventually } from '../support/eventually.js';
import { orderReaches, type Purchase, purchase, tryPurchase, uniqueEmail } from '../support/fixtures.js';
import { expectData, expectError } from '../support/graphql-client.js';
import {
  cancelAsBuyer,
  counters,
  createCheckout,
  endHold,
  type GivenUp,
  mailsAbout,
  makeDue,
  settlesAs,
  storedOrder,
} from '../support/order-life.js';
import { sessionIn } from '../support/stripe.js';
import { eventAbout } from '../support/webhooks.js';
import { startWorld, type World } from '../support/world.js';
import { clientOf } from './local-stripe-support.js';

let world: World;
beforeAll(async () => {
  world = await startWorld({ env: { PLATFORM_FEE_PERCENT: '10' } });
});
afterEach(() => world.stripe.faults.clear());
afterAll(async () => world.close());

const CREATE = { method: 'POST', path: 'checkout/sessions$' } as const;
const DOWN: FaultRule = { kind: 'error', status: 503, match: CREATE };

/** A show with five tickets, and how to buy two of them. */
async function newSale() {
  const { show, seller } = await world.sell({ tickets: [{ price: 2500, quantity: 5 }] });
  const ticketId = show.tickets[0]!.id;
  const input = {
    showId: show.id,
    items: [{ ticketId, quantity: 2 }],
    email: uniqueEmail('unlucky'),
    idempotencyKey: randomUUID(),
  };
  return { show, seller, ticketId, input };
}

/** Two of five tickets, of an order whose session could not be made. */
async function giveUp(...faults: FaultRule[]) {
  const sale = await newSale();
  for (const fault of faults) await world.stripe.faults.add(fault);
  const failure = expectError(await tryPurchase(world.server, sale.input), 'PAYMENT_PROVIDER_UNAVAILABLE');
  await world.stripe.faults.clear();
  const { orderId, accessToken, retryAfterMs } = failure.extensions ?? {};
  expect(retryAfterMs).toEqual(expect.any(Number));
  const givenUp = { orderId, accessToken } as GivenUp;
  expect(await counters(world, sale.ticketId)).toMatchObject({ held: 0, sold: 0 });
  return { ...sale, givenUp };
}

/** The session is made, its answer is lost, and Stripe is away when asked again. */
const LOST: FaultRule[] = [
  { kind: 'reply-lost', match: CREATE, times: 1 },
  { kind: 'reset', match: CREATE },
];

async function sessionsOf(orderId: string) {
  const { data } = await clientOf(world.stripe).checkout.sessions.list({ limit: 100 });
  return data.filter(({ client_reference_id }) => client_reference_id === orderId);
}

async function again(givenUp: GivenUp): Promise<Purchase> {
  return expectData(await createCheckout(world.server, givenUp)).createCheckout;
}

async function refusal(givenUp: GivenUp, code: string) {
  return expectError(await createCheckout(world.server, givenUp), code);
}

async function paysOnce(bought: Purchase, ticketId: string): Promise<void> {
  await world.stripe.pay(sessionIn(bought.checkoutUrl));
  const order = await orderReaches(world.server, bought, 'CONFIRMED');
  expect(order.attendees).toHaveLength(2);
  expect(await counters(world, ticketId)).toEqual({ quantity: 5, held: 0, sold: 2 });
  expect(await mailsAbout(world, bought.order.id, 'confirmation')).toHaveLength(1);
}

describe('createCheckout of an order that can be paid', () => {
  it('answers with the page that it has, and makes no other', async () => {
    const { input } = await newSale();
    const bought = await purchase(world.server, input);
    const known = { orderId: bought.order.id, accessToken: bought.accessToken };
    expect(await again(known)).toEqual(bought);
    expect(await sessionsOf(bought.order.id)).toHaveLength(1);
  });
});

describe('createCheckout of an order whose page could not be made in time', () => {
  it('takes its tickets again and makes the page, once however often it is asked', async () => {
    const { givenUp, ticketId, input } = await giveUp(DOWN);
    const pages = await Promise.all(Array.from({ length: 8 }, () => again(givenUp)));
    const [first] = pages;
    for (const page of pages) expect(page).toEqual(first);
    expect(first).toMatchObject({
      accessToken: givenUp.accessToken,
      order: { id: givenUp.orderId, status: 'PENDING' },
    });
    expect(await counters(world, ticketId)).toEqual({ quantity: 5, held: 2, sold: 0 });
    const open = (await sessionsOf(givenUp.orderId)).filter(({ status }) => status === 'open');
    expect(open.map(({ id }) => id)).toEqual([sessionIn(first!.checkoutUrl)]);
    expect(Date.parse(first!.order.expiresAt!)).toBeGreaterThan(Date.now() + 14 * 60_000);
    // From now on the key leads to this order, as if nothing had happened.
    expect(await purchase(world.server, input)).toEqual(first);
    await paysOnce(first!, ticketId);
  });

  it('first expires the page of which nobody was told, and is not confused by its events', async () => {
    await world.stripe.webhooks.pause();
    const { givenUp, ticketId } = await giveUp(...LOST);
    const [stray] = await sessionsOf(givenUp.orderId);
    expect(stray).toMatchObject({ status: 'open' });
    const bought = await again(givenUp);
    const sessions = await sessionsOf(givenUp.orderId);
    expect(sessions.map(({ id, status }) => [id === stray!.id, status]).sort()).toEqual([
      [false, 'open'],
      [true, 'expired'],
    ]);
    const late = await eventAbout(world, 'checkout.session.expired', stray!.id);
    await world.stripe.webhooks.deliver([late.id]);
    expect(await storedOrder(world, givenUp.orderId)).toMatchObject({
      status: 'PENDING',
      checkout_session_id: sessionIn(bought.checkoutUrl),
    });
    await world.stripe.webhooks.resume();
    await paysOnce(bought, ticketId);
  });

  it('is not confirmed by money on a page that it has left behind, which raises an alarm', async () => {
    const { givenUp, ticketId } = await giveUp(...LOST);
    const [stray] = await sessionsOf(givenUp.orderId);
    const bought = await again(givenUp);
    await world.stripe.pay(stray!.id, { afterExpiry: true });
    const alarm = await world.server.waitForLog(
      ({ orderId, msg }) => orderId === givenUp.orderId && String(msg).startsWith('ALARM'),
    );
    expect(alarm).toMatchObject({ reason: 'stray_session', sessionId: stray!.id });
    expect(await storedOrder(world, givenUp.orderId)).toMatchObject({ status: 'PENDING' });
    await paysOnce(bought, ticketId);
  });

  it('finds a page that Stripe made although it keeps answering that it failed', async () => {
    const { givenUp, ticketId } = await giveUp({ kind: 'error', afterEffect: true, match: CREATE });
    expect(await sessionsOf(givenUp.orderId)).toMatchObject([{ status: 'open' }]);
    const bought = await again(givenUp);
    const states = (await sessionsOf(givenUp.orderId)).map(({ status }) => status);
    expect(states.sort()).toEqual(['expired', 'open']);
    await paysOnce(bought, ticketId);
  });

  it('holds nothing while Stripe is still away, and works afterwards', async () => {
    const { givenUp, ticketId } = await giveUp(DOWN);
    await world.stripe.faults.add({ kind: 'error', status: 503 });
    const { extensions } = await refusal(givenUp, 'PAYMENT_PROVIDER_UNAVAILABLE');
    expect(extensions).toMatchObject({ retryAfterMs: expect.any(Number) });
    expect(await counters(world, ticketId)).toMatchObject({ held: 0 });
    await world.stripe.faults.clear();
    await paysOnce(await again(givenUp), ticketId);
  });

  it('gives the tickets back when the next page cannot be made either, as often as that is', async () => {
    const { givenUp, ticketId } = await giveUp(DOWN);
    for (const attempt of [2, 3]) {
      await makeDue(world, givenUp.orderId);
      await eventually('no page is looked for any more', async () => {
        return (await storedOrder(world, givenUp.orderId)).check_at === null;
      });
      await world.stripe.faults.add(DOWN);
      await refusal(givenUp, 'PAYMENT_PROVIDER_UNAVAILABLE');
      expect(await storedOrder(world, givenUp.orderId)).toMatchObject({
        status: 'CANCELLED',
        checkout_attempt: attempt,
      });
      expect(await counters(world, ticketId)).toMatchObject({ held: 0 });
      await world.stripe.faults.clear();
    }
    await paysOnce(await again(givenUp), ticketId);
  });

  it('ends with its new time as any other order does', async () => {
    const { givenUp, ticketId } = await giveUp(DOWN);
    const bought = await again(givenUp);
    await endHold(world, givenUp.orderId);
    await settlesAs(world, givenUp.orderId, 'EXPIRED', 'UNPAID');
    expect(await counters(world, ticketId)).toEqual({ quantity: 5, held: 0, sold: 0 });
    const session = await clientOf(world.stripe).checkout.sessions.retrieve(sessionIn(bought.checkoutUrl));
    expect(session.status).toBe('expired');
    expect((await refusal(givenUp, 'CONFLICT')).extensions).toMatchObject({ status: 'EXPIRED' });
  });
});

describe('createCheckout is refused as a purchase would be', () => {
  it('where others have bought the tickets meanwhile', async () => {
    const { givenUp, ticketId, input } = await giveUp(DOWN);
    const items = [{ ticketId, quantity: 4 }];
    await purchase(world.server, { showId: input.showId, items });
    const { extensions } = await refusal(givenUp, 'SOLD_OUT');
    expect(extensions?.tickets).toEqual([{ ticketId, requested: 2, available: 1 }]);
    expect(await counters(world, ticketId)).toMatchObject({ held: 4 });
  });

  it('where the price has changed', async () => {
    const { givenUp, ticketId } = await giveUp(DOWN);
    await world.database.pool.query('update ticket set price = 3000 where id = $1', [ticketId]);
    const { extensions } = await refusal(givenUp, 'PRICE_CHANGED');
    expect(extensions?.tickets).toEqual([{ ticketId, expected: 2500, actual: 3000 }]);
  });

  it('where the show was called off', async () => {
    const { givenUp, show } = await giveUp(DOWN);
    await world.database.pool.query("update show set status = 'CANCELLED' where id = $1", [show.id]);
    await refusal(givenUp, 'SHOW_NOT_ON_SALE');
  });

  it('where the producer may take no charges any more', async () => {
    const { givenUp, show, ticketId } = await giveUp(DOWN);
    const { rows } = await world.database.pool.query('select stripe_account_id from producer where id = $1', [
      show.producerId,
    ]);
    await world.stripe.disableCharges(rows[0].stripe_account_id);
    await eventually('the server has heard of it', async () => {
      const { rows: after } = await world.database.pool.query(
        'select can_accept_payments from producer where id = $1',
        [show.producerId],
      );
      return after[0].can_accept_payments === false;
    });
    await refusal(givenUp, 'PRODUCER_NOT_PAYABLE');
    expect(await counters(world, ticketId)).toMatchObject({ held: 0 });
  });
});

describe('createCheckout of an order that has nothing to pay any more', () => {
  it('is a conflict once it is confirmed, or has been cancelled', async () => {
    const { input } = await newSale();
    const bought = await purchase(world.server, input);
    const known = { orderId: bought.order.id, accessToken: bought.accessToken };
    await world.stripe.pay(sessionIn(bought.checkoutUrl));
    await orderReaches(world.server, bought, 'CONFIRMED');
    expect((await refusal(known, 'CONFLICT')).extensions).toMatchObject({ status: 'CONFIRMED' });

    const second = await purchase(world.server, { ...input, idempotencyKey: randomUUID() });
    expectData(await cancelAsBuyer(world.server, second));
    const cancelled = { orderId: second.order.id, accessToken: second.accessToken };
    expect((await refusal(cancelled, 'CONFLICT')).extensions).toMatchObject({ status: 'CANCELLED' });
  });

  it('is a conflict while the bank decides', async () => {
    const { input } = await newSale();
    const bought = await purchase(world.server, input);
    await world.stripe.pay(sessionIn(bought.checkoutUrl), { method: 'delayed' });
    await settlesAs(world, bought.order.id, 'PENDING', 'PROCESSING');
    const known = { orderId: bought.order.id, accessToken: bought.accessToken };
    expect((await refusal(known, 'CONFLICT')).extensions).toMatchObject({
      status: 'PENDING',
      paymentStatus: 'PROCESSING',
    });
  });

  it('is a conflict once the buyer has cancelled an order that was given up', async () => {
    const { givenUp } = await giveUp(DOWN);
    const { orderId: id, accessToken } = givenUp;
    const cancelled = await cancelAsBuyer(world.server, { order: { id }, accessToken } as Purchase);
    expect(expectData(cancelled).cancelOrder).toMatchObject({ status: 'CANCELLED' });
    await refusal(givenUp, 'CONFLICT');
  });

  it('is a conflict where the same purchase was sent again and has made another order', async () => {
    const { givenUp, input, ticketId } = await giveUp(DOWN);
    const other = await purchase(world.server, input);
    expect(other.order.id).not.toBe(givenUp.orderId);
    expect((await refusal(givenUp, 'CONFLICT')).extensions).toMatchObject({ status: 'CANCELLED' });
    await paysOnce(other, ticketId);
  });

  it('is not found without the right token, and malformed ids are refused', async () => {
    const { givenUp } = await giveUp(DOWN);
    await refusal({ ...givenUp, accessToken: 'guessed' }, 'NOT_FOUND');
    await refusal({ ...givenUp, orderId: 'no-id' }, 'BAD_USER_INPUT');
    await refusal({ orderId: givenUp.orderId }, 'UNAUTHENTICATED');
  });
});
