import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Purchase, purchase, readOrder } from '../support/fixtures.js';
import { expectData, expectError } from '../support/graphql-client.js';
import { send } from '../support/http.js';
import {
  checkInVain,
  completeCheckout,
  counters,
  mailsAbout,
  makeDue,
  settlesAs,
} from '../support/order-life.js';
import { sessionIn } from '../support/stripe.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(async () => world.close());

/** Two of ten tickets, waiting to be paid for. */
async function buyTwo(): Promise<{ bought: Purchase; ticketId: string; sessionId: string }> {
  const { show } = await world.sell({ tickets: [{ price: 2500, quantity: 10 }] });
  const ticketId = show.tickets[0]!.id;
  const bought = await purchase(world.server, { showId: show.id, items: [{ ticketId, quantity: 2 }] });
  return { bought, ticketId, sessionId: sessionIn(bought.checkoutUrl) };
}

const successPage = (sessionId: string) => send(world.server, `/checkout/success?session_id=${sessionId}`);

async function expectConfirmedOnce(bought: Purchase, ticketId: string): Promise<void> {
  const order = await readOrder(world.server, bought);
  expect(order).toMatchObject({ status: 'CONFIRMED', paymentStatus: 'PAID', checkoutUrl: null });
  expect(order.confirmedAt).not.toBeNull();
  expect(order.attendees).toHaveLength(2);
  expect(await counters(world, ticketId)).toEqual({ quantity: 10, held: 0, sold: 2 });
  expect(await mailsAbout(world, bought.order.id, 'confirmation')).toHaveLength(1);
}

describe('a declined card', () => {
  it('leaves the order PENDING, to be paid on the same session, and then confirmed once', async () => {
    const { bought, ticketId, sessionId } = await buyTwo();
    for (const declineCode of ['insufficient_funds', 'expired_card']) {
      await world.stripe.decline(sessionId, { declineCode });
    }
    await world.stripe.webhooks.idle();
    const declined = await readOrder(world.server, bought);
    expect(declined).toMatchObject({ status: 'PENDING', paymentStatus: 'UNPAID', attendees: [] });
    expect(declined.checkoutUrl).toBe(bought.checkoutUrl);
    expect(await counters(world, ticketId)).toEqual({ quantity: 10, held: 2, sold: 0 });
    const asked = expectData(await completeCheckout(world.server, sessionId)).completeCheckout;
    expect(asked).toMatchObject({ id: bought.order.id, status: 'PENDING' });

    await world.stripe.pay(sessionId);
    await settlesAs(world, bought.order.id, 'CONFIRMED', 'PAID');
    await expectConfirmedOnce(bought, ticketId);
  });
});

describe('completeCheckout', () => {
  it('answers with the PENDING order while nothing is paid, and changes nothing', async () => {
    const { bought, ticketId, sessionId } = await buyTwo();
    const order = expectData(await completeCheckout(world.server, sessionId)).completeCheckout;
    expect(order).toEqual(bought.order);
    expect(await counters(world, ticketId)).toEqual({ quantity: 10, held: 2, sold: 0 });
  });

  it.each([
    ['of another kind', `pi_${'a'.repeat(24)}`, 'BAD_USER_INPUT'],
    ['empty', '', 'BAD_USER_INPUT'],
    ['with a path in it', 'cs_test_a/../../v1/accounts', 'BAD_USER_INPUT'],
    ['of 10 kB', `cs_test_${'a'.repeat(10_000)}`, 'BAD_USER_INPUT'],
    ['that Stripe never gave out', `cs_test_${'a'.repeat(58)}`, 'NOT_FOUND'],
    ['that is an order id', randomUUID(), 'BAD_USER_INPUT'],
  ])('refuses an id %s without asking Stripe', async (_what, sessionId, code) => {
    const before = (await world.stripe.requests()).length;
    const failure = expectError(await completeCheckout(world.server, sessionId), code);
    expect(failure.message).toBe(
      code === 'NOT_FOUND' ? 'Order not found' : 'Invalid Checkout Session ID format',
    );
    expect(await world.stripe.requests()).toHaveLength(before);
    expect((await successPage(encodeURIComponent(sessionId))).status).toBe(404);
  });
});

describe('when the webhook never arrives', () => {
  async function buyUnheard() {
    const sale = await buyTwo();
    await world.stripe.webhooks.pause();
    return sale;
  }
  afterEach(async () => {
    await world.stripe.webhooks.discardHeld();
    await world.stripe.webhooks.resume();
  });

  it('confirms by completeCheckout alone, once however often it is called', async () => {
    const { bought, ticketId, sessionId } = await buyUnheard();
    await world.stripe.pay(sessionId);
    const first = expectData(await completeCheckout(world.server, sessionId)).completeCheckout;
    expect(first).toMatchObject({ status: 'CONFIRMED', paymentStatus: 'PAID' });
    const second = expectData(await completeCheckout(world.server, sessionId)).completeCheckout;
    expect(second).toEqual(first);
    await expectConfirmedOnce(bought, ticketId);
  });

  it('confirms by the page that the buyer comes back to, which may be loaded again', async () => {
    const { bought, ticketId, sessionId } = await buyUnheard();
    await world.stripe.pay(sessionId);
    for (const page of [await successPage(sessionId), await successPage(sessionId)]) {
      expect(page.status).toBe(200);
      expect(page.text).toContain('your order is confirmed');
      expect(page.text).toContain(bought.order.reference);
    }
    await expectConfirmedOnce(bought, ticketId);
  });

  it('says on that page that nothing is paid while nothing is', async () => {
    const { bought, sessionId } = await buyUnheard();
    const page = await successPage(sessionId);
    expect(page.status).toBe(200);
    expect(page.text).toContain('Nothing has been paid yet');
    expect((await readOrder(world.server, bought)).status).toBe('PENDING');
  });

  it('confirms by the check in the background when the buyer does not come back either', async () => {
    const { bought, ticketId, sessionId } = await buyUnheard();
    await world.stripe.pay(sessionId);
    await makeDue(world, bought.order.id);
    await settlesAs(world, bought.order.id, 'CONFIRMED', 'PAID');
    await expectConfirmedOnce(bought, ticketId);
  });

  it('asks for the first time a minute after the purchase, and again later while nothing is paid', async () => {
    const { bought } = await buyUnheard();
    const checks = 'select check_at, check_at - created_at as after from orders where id = $1';
    const { rows } = await world.database.pool.query(checks, [bought.order.id]);
    expect(rows[0].after).toMatchObject({ minutes: 1 });
    await checkInVain(world, bought.order.id);
    const path = `/v1/checkout/sessions/${sessionIn(bought.checkoutUrl)}`;
    expect(await world.stripe.requests({ method: 'GET', path })).toMatchObject([{ status: 200 }]);
    expect((await readOrder(world.server, bought)).status).toBe('PENDING');
  });
});
