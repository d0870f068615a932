import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Purchase, purchase, readOrder } from '../support/fixtures.js';
import { expectData, expectError } from '../support/graphql-client.js';
import { send } from '../support/http.js';
import {
  cancelAsBuyer,
  completeCheckout,
  counters,
  endHold,
  mailsAbout,
  makeDue,
  settlesAs,
  untilCheckedInVain,
} from '../support/order-life.js';
import { sessionIn } from '../support/stripe.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(async () => world.close());

/** Two of five tickets, paid for by a method whose bank takes its time. */
async function payLater(): Promise<{ bought: Purchase; ticketId: string; sessionId: string }> {
  const { show } = await world.sell({ tickets: [{ price: 4000, currency: 'EUR', quantity: 5 }] });
  const ticketId = show.tickets[0]!.id;
  const bought = await purchase(world.server, { showId: show.id, items: [{ ticketId, quantity: 2 }] });
  const sessionId = sessionIn(bought.checkoutUrl);
  await world.stripe.pay(sessionId, { method: 'delayed' });
  await settlesAs(world, bought.order.id, 'PENDING', 'PROCESSING');
  return { bought, ticketId, sessionId };
}

const HELD = { quantity: 5, held: 2, sold: 0 };

describe('a payment that the bank has not decided', () => {
  it('holds the tickets without attendees, and without a page to pay on again', async () => {
    const { bought, ticketId, sessionId } = await payLater();
    const order = await readOrder(world.server, bought);
    expect(order).toMatchObject({ status: 'PENDING', paymentStatus: 'PROCESSING' });
    expect(order).toMatchObject({ checkoutUrl: null, attendees: [], confirmedAt: null });
    expect(await counters(world, ticketId)).toEqual(HELD);
    const page = await send(world.server, `/checkout/success?session_id=${sessionId}`);
    expect(page.text).toContain('Payment under way');
  });

  it('keeps the hold beyond expiresAt', async () => {
    const { bought, ticketId, sessionId } = await payLater();
    const path = `/v1/checkout/sessions/${sessionId}`;
    const asked = (await world.stripe.requests({ path })).length;
    await endHold(world, bought.order.id);
    await untilCheckedInVain(world, bought.order.id);
    expect((await world.stripe.requests({ path })).length).toBeGreaterThan(asked);
    expect(await readOrder(world.server, bought)).toMatchObject({
      status: 'PENDING',
      paymentStatus: 'PROCESSING',
    });
    expect(await counters(world, ticketId)).toEqual(HELD);
    await world.stripe.settleDelayed(sessionId, 'succeeded');
    await settlesAs(world, bought.order.id, 'CONFIRMED', 'PAID');
  });

  it('cannot be cancelled meanwhile', async () => {
    const { bought, ticketId } = await payLater();
    const failure = expectError(await cancelAsBuyer(world.server, bought), 'CONFLICT');
    expect(failure.extensions).toMatchObject({ status: 'PENDING', paymentStatus: 'PROCESSING' });
    expect(await counters(world, ticketId)).toEqual(HELD);
  });
});

describe('when the bank decides', () => {
  it('confirms the order once the money has come', async () => {
    const { bought, ticketId, sessionId } = await payLater();
    await world.stripe.settleDelayed(sessionId, 'succeeded');
    await settlesAs(world, bought.order.id, 'CONFIRMED', 'PAID');
    expect((await readOrder(world.server, bought)).attendees).toHaveLength(2);
    expect(await counters(world, ticketId)).toEqual({ quantity: 5, held: 0, sold: 2 });
    expect(await mailsAbout(world, bought.order.id, 'confirmation')).toHaveLength(1);
  });

  it('cancels the order and gives the tickets back when the payment failed', async () => {
    const { bought, ticketId, sessionId } = await payLater();
    await world.stripe.settleDelayed(sessionId, 'failed');
    await settlesAs(world, bought.order.id, 'CANCELLED', 'FAILED');
    expect((await readOrder(world.server, bought)).attendees).toEqual([]);
    expect(await counters(world, ticketId)).toEqual({ quantity: 5, held: 0, sold: 0 });
  });

  it.each([
    ['succeeded', 'CONFIRMED', 'PAID'],
    ['failed', 'CANCELLED', 'FAILED'],
  ] as const)('is found out by asking, where no webhook arrives: %s', async (outcome, status, payment) => {
    const asked = await payLater();
    const checked = await payLater();
    await world.stripe.webhooks.pause();
    for (const { sessionId } of [asked, checked]) await world.stripe.settleDelayed(sessionId, outcome);
    const order = expectData(await completeCheckout(world.server, asked.sessionId)).completeCheckout;
    expect(order).toMatchObject({ status, paymentStatus: payment });
    await makeDue(world, checked.bought.order.id);
    await settlesAs(world, checked.bought.order.id, status, payment);
    await world.stripe.webhooks.resume('reversed');
    await world.stripe.webhooks.idle();
    for (const { bought, ticketId } of [asked, checked]) {
      expect(await readOrder(world.server, bought)).toMatchObject({ status, paymentStatus: payment });
      expect(await counters(world, ticketId)).toMatchObject({ held: 0, sold: outcome === 'failed' ? 0 : 2 });
    }
  });
});
