import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Purchase, purchase, readOrder, tryPurchase, uniqueEmail } from '../support/fixtures.js';
import { expectData, expectError } from '../support/graphql-client.js';
import { send } from '../support/http.js';
import {
  cancelAsBuyer,
  completeCheckout,
  counters,
  hurryJobs,
  jobsOf,
  mailsAbout,
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

interface Sale {
  readonly bought: Purchase;
  readonly sessionId: string;
  readonly showId: string;
  readonly ticketIds: readonly string[];
}

/** Two of the first and one of the second kind, of three each. */
async function buyCart(): Promise<Sale> {
  const { show } = await world.sell({
    tickets: [
      { price: 2500, quantity: 3 },
      { price: 1000, quantity: 3 },
    ],
  });
  const ticketIds = show.tickets.map(({ id }) => id);
  const items = [
    { ticketId: ticketIds[0]!, quantity: 2 },
    { ticketId: ticketIds[1]!, quantity: 1 },
  ];
  const bought = await purchase(world.server, { showId: show.id, items });
  return { bought, sessionId: sessionIn(bought.checkoutUrl), showId: show.id, ticketIds };
}

async function expiredCart(): Promise<Sale> {
  const sale = await buyCart();
  await world.stripe.expireSession(sale.sessionId);
  await settlesAs(world, sale.bought.order.id, 'EXPIRED', 'UNPAID');
  return sale;
}

/** Another order takes so many, which cost nothing to the test: the ticket is simply held. */
async function takeFromUnder(sale: Sale, ticketId: string, quantity: number): Promise<void> {
  const items = [{ ticketId, quantity }];
  await purchase(world.server, { showId: sale.showId, items });
}

const payLate = ({ sessionId }: Sale) => world.stripe.pay(sessionId, { afterExpiry: true });

async function expectRefundedOnce({ bought }: Sale, status: string): Promise<void> {
  await settlesAs(world, bought.order.id, status, 'REFUNDED');
  const { payment_intent_id } = await storedOrder(world, bought.order.id);
  const { data } = await clientOf(world.stripe).refunds.list({ payment_intent: payment_intent_id! });
  expect(data).toMatchObject([{ amount: 6000, status: 'succeeded' }]);
  const intent = await clientOf(world.stripe).paymentIntents.retrieve(payment_intent_id!, {
    expand: ['latest_charge.transfer', 'latest_charge.application_fee'],
  });
  expect(intent.latest_charge).toMatchObject({
    refunded: true,
    transfer: { reversed: true, amount_reversed: 6000 },
    application_fee: { refunded: true, amount_refunded: 600 },
  });
  const mails = await mailsAbout(world, bought.order.id, 'refund');
  expect(mails).toHaveLength(1);
  expect(mails[0]).toContain('$60.00');
  const order = await readOrder(world.server, bought);
  expect(order).toMatchObject({ status, paymentStatus: 'REFUNDED', attendees: [], confirmedAt: null });
}

describe('money that arrives after the order has expired', () => {
  it('gets its tickets where there are enough left', async () => {
    const sale = await expiredCart();
    await payLate(sale);
    await settlesAs(world, sale.bought.order.id, 'CONFIRMED', 'PAID');
    expect((await readOrder(world.server, sale.bought)).attendees).toHaveLength(3);
    expect(await counters(world, sale.ticketIds[0]!)).toEqual({ quantity: 3, held: 0, sold: 2 });
    expect(await counters(world, sale.ticketIds[1]!)).toEqual({ quantity: 3, held: 0, sold: 1 });
    expect(await mailsAbout(world, sale.bought.order.id, 'confirmation')).toHaveLength(1);
  });

  it('gets them through the page that the buyer comes back to, too', async () => {
    const sale = await expiredCart();
    await world.stripe.webhooks.pause();
    await payLate(sale);
    const order = expectData(await completeCheckout(world.server, sale.sessionId)).completeCheckout;
    expect(order).toMatchObject({ status: 'CONFIRMED', paymentStatus: 'PAID' });
    await world.stripe.webhooks.resume();
    await world.stripe.webhooks.idle();
    expect(await counters(world, sale.ticketIds[0]!)).toEqual({ quantity: 3, held: 0, sold: 2 });
  });

  it('is sent back, all of it and once, where too few are left; the buyer is told', async () => {
    const sale = await expiredCart();
    await takeFromUnder(sale, sale.ticketIds[0]!, 2);
    await world.stripe.webhooks.duplicate(5);
    await payLate(sale);
    await expectRefundedOnce(sale, 'EXPIRED');
    const event = await eventAbout(world, 'checkout.session.completed', sale.sessionId);
    await world.stripe.webhooks.redeliver(event.id, 5);
    await Promise.all([1, 2, 3].map(() => completeCheckout(world.server, sale.sessionId)));
    await world.stripe.webhooks.idle();
    await world.stripe.webhooks.duplicate(1);
    await expectRefundedOnce(sale, 'EXPIRED');
    const page = await send(world.server, `/checkout/success?session_id=${sale.sessionId}`);
    expect(page.text).toContain('sent back');
  });

  it('is sent back whole when one of two kinds is short, and takes nothing of the other', async () => {
    const sale = await expiredCart();
    await takeFromUnder(sale, sale.ticketIds[1]!, 3);
    await payLate(sale);
    await expectRefundedOnce(sale, 'EXPIRED');
    expect(await counters(world, sale.ticketIds[0]!)).toEqual({ quantity: 3, held: 0, sold: 0 });
  });

  it('is sent back when the show was called off', async () => {
    const sale = await expiredCart();
    await world.database.pool.query("update show set status = 'CANCELLED' where id = $1", [sale.showId]);
    await payLate(sale);
    await expectRefundedOnce(sale, 'EXPIRED');
  });

  it('is sent back once, though Stripe fails at it first', async () => {
    const sale = await expiredCart();
    await takeFromUnder(sale, sale.ticketIds[0]!, 3);
    const refunds = { method: 'POST', path: '/v1/refunds' };
    await world.stripe.faults.add({ kind: 'reply-lost', match: refunds, times: 1 });
    const down = await world.stripe.faults.add({ kind: 'error', status: 503, match: refunds });
    // Or the event of the refund, whose answer is lost, would tell of it.
    await world.stripe.webhooks.pause();
    await payLate(sale);
    expectData(await completeCheckout(world.server, sale.sessionId));
    await world.stripe.faults.whenStruck(down.id);
    await settlesAs(world, sale.bought.order.id, 'EXPIRED', 'PAID');
    await world.server.waitForLog(
      ({ task, orderId }) => task === 'refund-late-payment' && orderId === sale.bought.order.id,
    );
    await world.stripe.faults.clear();
    await hurryJobs(world);
    await expectRefundedOnce(sale, 'EXPIRED');
    await world.stripe.webhooks.resume('shuffled');
    await world.stripe.webhooks.idle();
    await expectRefundedOnce(sale, 'EXPIRED');
  });
});

describe('money that arrives after the buyer has cancelled', () => {
  it('is sent back, though there are tickets left', async () => {
    const sale = await buyCart();
    expectData(await cancelAsBuyer(world.server, sale.bought));
    await payLate(sale);
    await expectRefundedOnce(sale, 'CANCELLED');
    expect(await counters(world, sale.ticketIds[0]!)).toEqual({ quantity: 3, held: 0, sold: 0 });
  });
});

describe('money for an order whose buyer was told that the purchase failed', () => {
  it('is sent back', async () => {
    const { show } = await world.sell({ tickets: [{ price: 6000, quantity: 3 }] });
    const email = uniqueEmail('unlucky');
    const match = { method: 'POST', path: '/v1/checkout/sessions' };
    await world.stripe.faults.add({ kind: 'reply-lost', match, times: 1 });
    await world.stripe.faults.add({ kind: 'reset', match });
    const items = [{ ticketId: show.tickets[0]!.id, quantity: 1 }];
    const answer = await tryPurchase(world.server, { showId: show.id, items, email });
    expectError(answer, 'PAYMENT_PROVIDER_UNAVAILABLE');
    await world.stripe.faults.clear();
    const { rows } = await world.database.pool.query('select id from orders where email = $1', [email]);
    const orderId: string = rows[0].id;
    const { data } = await clientOf(world.stripe).checkout.sessions.list({ limit: 100 });
    const stray = data.find(({ client_reference_id }) => client_reference_id === orderId)!;
    await world.stripe.pay(stray.id);
    await settlesAs(world, orderId, 'CANCELLED', 'REFUNDED');
    expect(await counters(world, show.tickets[0]!.id)).toEqual({ quantity: 3, held: 0, sold: 0 });
    expect(await mailsAbout(world, orderId, 'refund')).toHaveLength(1);
    expect(await jobsOf(world, orderId)).toEqual([]);
  });
});
