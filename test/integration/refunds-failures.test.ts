import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { orderReaches, purchase, readOrder } from '../support/fixtures.js';
import { expectData, expectError } from '../support/graphql-client.js';
import { hurryJobs, mailsAbout, settlesAs, storedOrder } from '../support/order-life.js';
import { type PaidOrder, paidOrder, refundsOf, tryRefund, tryRetry } from '../support/refunds.js';
import type { TestServer } from '../support/server.js';
import { sessionIn } from '../support/stripe.js';
import { startWorld, type World } from '../support/world.js';
import { clientOf } from './local-stripe-support.js';

const CREATE = { method: 'POST', path: '/v1/refunds' };

let world: World;
let server: TestServer;
beforeAll(async () => {
  world = await startWorld({ env: { PLATFORM_FEE_PERCENT: '10' } });
  ({ server } = world);
});
afterEach(async () => {
  await world.stripe.faults.clear();
  await world.stripe.holdRefunds(false);
  await world.stripe.webhooks.resume();
  await world.stripe.webhooks.idle();
});
afterAll(async () => world.close());

const two = () => paidOrder(world, [{ price: 2000, quantity: 2 }]);
const refund = ({ seller, bought }: PaidOrder, input: object = {}) =>
  tryRefund(server, seller.token, { orderId: bought.order.id, ...input });

async function atStripe({ bought }: PaidOrder) {
  const { payment_intent_id } = await storedOrder(world, bought.order.id);
  return (await clientOf(world.stripe).refunds.list({ payment_intent: payment_intent_id! })).data;
}

/** Waits until the order's newest refund is in this state, by the row: nobody is asked. */
function refundIs({ bought }: PaidOrder, status: string): Promise<unknown> {
  const newest = 'select status from refund where order_id = $1 order by created_at desc limit 1';
  return eventually(
    `the refund of order ${bought.order.id} is ${status}`,
    async () => (await world.database.pool.query(newest, [bought.order.id])).rows[0]?.status === status,
    30_000,
  );
}

/** Makes the background look after the order's refunds now. */
async function makeRefundsDue({ bought }: PaidOrder): Promise<void> {
  await world.database.pool.query(
    "update refund set check_at = now() where order_id = $1 and status = 'PENDING'",
    [bought.order.id],
  );
}

describe('a refund that the bank has not decided', () => {
  it('is PENDING, counts, and follows its events', async () => {
    const paid = await two();
    await world.stripe.holdRefunds(true);
    const made = expectData(await refund(paid)).refundOrder;
    expect(made).toMatchObject({ status: 'PENDING', settledAt: null, order: { paymentStatus: 'REFUNDED' } });
    expectError(await refund(paid), 'CONFLICT');
    const [held] = await atStripe(paid);
    await world.stripe.settleRefund(held!.id, 'succeeded');
    await refundIs(paid, 'SUCCEEDED');
    expect(await atStripe(paid)).toHaveLength(1);
  });

  it('is asked about when no event comes', async () => {
    const paid = await two();
    await world.stripe.holdRefunds(true);
    expectData(await refund(paid));
    await world.stripe.webhooks.pause();
    const [held] = await atStripe(paid);
    await world.stripe.settleRefund(held!.id, 'succeeded');
    await world.stripe.webhooks.discardHeld();
    await makeRefundsDue(paid);
    await refundIs(paid, 'SUCCEEDED');
  });
});

describe('a refund that fails', () => {
  it('is shown, leaves the tickets void, and can be tried again', async () => {
    const paid = await two();
    await world.stripe.holdRefunds(true);
    const { id } = expectData(await refund(paid)).refundOrder;
    const [held] = await atStripe(paid);
    await world.stripe.settleRefund(held!.id, 'failed', 'expired_or_canceled_card');
    await refundIs(paid, 'FAILED');
    expect(await refundsOf(server, paid.bought)).toMatchObject([
      {
        id,
        status: 'FAILED',
        failureReason: 'expired_or_canceled_card',
        order: { paymentStatus: 'PAID' },
        attendees: [{ status: 'REVOKED' }, { status: 'REVOKED' }],
      },
    ]);
    await world.stripe.holdRefunds(false);
    const again = expectData(await tryRetry(server, paid.seller.token, id)).retryRefund;
    expect(again).toMatchObject({
      id,
      status: 'SUCCEEDED',
      failureReason: null,
      order: { paymentStatus: 'REFUNDED' },
    });
    // What is told of the first attempt after the second has succeeded changes nothing.
    const failed = (await world.stripe.events()).find(
      (event) => event.type === 'refund.failed' && (event.data.object as { id: string }).id === held!.id,
    );
    await world.stripe.webhooks.redeliver(failed!.id, 3);
    expect(await refundsOf(server, paid.bought)).toMatchObject([{ status: 'SUCCEEDED' }]);
    expectError(await tryRetry(server, paid.seller.token, id), 'CONFLICT');
    expect((await atStripe(paid)).map(({ status }) => status)).toEqual(['succeeded', 'failed']);
  });

  it('may do so after it has succeeded', async () => {
    const paid = await two();
    expectData(await refund(paid));
    const [made] = await atStripe(paid);
    await world.stripe.settleRefund(made!.id, 'failed');
    await refundIs(paid, 'FAILED');
    await settlesAs(world, paid.bought.order.id, 'CONFIRMED', 'PAID');
  });

  it('because Stripe refuses it says why', async () => {
    const paid = await two();
    const { payment_intent_id } = await storedOrder(world, paid.bought.order.id);
    await world.stripe.webhooks.pause();
    await clientOf(world.stripe).refunds.create({ payment_intent: payment_intent_id! });
    expect(expectData(await refund(paid)).refundOrder).toMatchObject({
      status: 'FAILED',
      failureReason: 'charge_already_refunded',
    });
    await world.stripe.webhooks.resume('reversed');
    await settlesAs(world, paid.bought.order.id, 'CONFIRMED', 'REFUNDED');
    const [ours] = (await refundsOf(server, paid.bought)).filter(({ reason }) => reason !== 'AT_STRIPE');
    expectError(await tryRetry(server, paid.seller.token, ours!.id), 'CONFLICT');
  });
});

describe('a refund while Stripe', () => {
  it('is stalled is answered as PENDING and made once', async () => {
    const paid = await two();
    await world.stripe.faults.add({ kind: 'stall', afterEffect: true, match: CREATE });
    await world.stripe.webhooks.pause();
    expect(expectData(await refund(paid)).refundOrder).toMatchObject({ status: 'PENDING' });
    await world.stripe.faults.clear();
    await hurryJobs(world);
    await refundIs(paid, 'SUCCEEDED');
    expect(await atStripe(paid)).toHaveLength(1);
  });

  it.each(['reply-lost', 'reset'] as const)('fails (%s) is made once', async (kind) => {
    const paid = await two();
    await world.stripe.webhooks.pause();
    await world.stripe.faults.add({ kind, match: CREATE, times: 1 });
    await world.stripe.faults.add({ kind: 'reset', match: CREATE });
    expect(expectData(await refund(paid)).refundOrder).toMatchObject({ status: 'PENDING' });
    expect(await atStripe(paid)).toHaveLength(kind === 'reset' ? 0 : 1);
    await world.stripe.faults.clear();
    await hurryJobs(world);
    await refundIs(paid, 'SUCCEEDED');
    expect(await atStripe(paid)).toHaveLength(1);
    expect(await mailsAbout(world, paid.bought.order.id, 'refund')).toHaveLength(1);
  });

  it('answers an error from then on, though it has made the refund, finds that refund', async () => {
    const paid = await two();
    await world.stripe.webhooks.pause();
    await world.stripe.faults.add({ kind: 'error', status: 500, afterEffect: true, match: CREATE });
    expect(expectData(await refund(paid)).refundOrder).toMatchObject({ status: 'PENDING' });
    await world.stripe.faults.clear();
    await hurryJobs(world);
    await refundIs(paid, 'SUCCEEDED');
    expect(await atStripe(paid)).toHaveLength(1);
  });
});

describe('a server that dies between the refund and the answer of Stripe', () => {
  it.each([false, true])(
    'leaves a refund that another one makes once (Stripe had made it: %s)',
    async (afterEffect) => {
      const paid = await two();
      await world.stripe.webhooks.pause();
      const stall = await world.stripe.faults.add({ kind: 'stall', afterEffect, match: CREATE });
      const lost = refund(paid).then(
        () => 'answered',
        () => 'lost',
      );
      await world.stripe.faults.whenStruck(stall.id);
      const { port } = server;
      await server.kill();
      expect(await lost).toBe('lost');
      await world.stripe.faults.clear();
      expect(await atStripe(paid)).toHaveLength(afterEffect ? 1 : 0);
      server = await world.addServer({ port });
      await makeRefundsDue(paid);
      await refundIs(paid, 'SUCCEEDED');
      expect(await atStripe(paid)).toMatchObject([{ amount: 4000 }]);
      await settlesAs(world, paid.bought.order.id, 'CONFIRMED', 'REFUNDED');
    },
  );
});

describe('a refund that is made at Stripe itself', () => {
  it('changes what is paid, and not who may enter; the rest can be refunded here', async () => {
    const paid = await two();
    const { payment_intent_id } = await storedOrder(world, paid.bought.order.id);
    await world.stripe.webhooks.duplicate(3);
    await clientOf(world.stripe).refunds.create({ payment_intent: payment_intent_id!, amount: 1500 });
    await settlesAs(world, paid.bought.order.id, 'CONFIRMED', 'PARTIALLY_REFUNDED');
    await world.stripe.webhooks.idle();
    await world.stripe.webhooks.duplicate(1);
    expect(await refundsOf(server, paid.bought)).toMatchObject([
      { reason: 'AT_STRIPE', amount: { amount: 1500 }, status: 'SUCCEEDED', attendees: [] },
    ]);
    const attendeeIds = paid.bought.order.attendees.map(({ id }) => id);
    expectError(await refund(paid, { attendeeIds }), 'CONFLICT');
    expect(expectData(await refund(paid)).refundOrder).toMatchObject({
      amount: { amount: 2500 },
      order: { paymentStatus: 'REFUNDED' },
      attendees: [{ status: 'REVOKED' }, { status: 'REVOKED' }],
    });
  });

  it.each(['emitted', 'reversed'] as const)(
    'ends the same when its events come before those of the payment (%s)',
    async (order) => {
      const { seller, show } = await world.sell({ tickets: [{ price: 2000, quantity: 5 }] });
      const items = [{ ticketId: show.tickets[0]!.id, quantity: 2 }];
      const bought = await purchase(server, { showId: show.id, items });
      await world.stripe.webhooks.pause();
      const session = await world.stripe.pay(sessionIn(bought.checkoutUrl));
      await clientOf(world.stripe).refunds.create({ payment_intent: session.payment_intent as string });
      const events = (await world.stripe.webhooks.held()).map(({ id }) => id);
      const outcomes = await world.stripe.webhooks.deliver(order === 'emitted' ? events : events.reverse());
      await world.stripe.webhooks.discardHeld();
      expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set([200]));
      await settlesAs(world, bought.order.id, 'CONFIRMED', 'REFUNDED');
      expect(await refundsOf(server, bought)).toMatchObject([{ reason: 'AT_STRIPE', status: 'SUCCEEDED' }]);
      const rest = await tryRefund(server, seller.token, { orderId: bought.order.id });
      expect(expectData(rest).refundOrder).toMatchObject({ amount: { amount: 0 }, attendees: [{}, {}] });
    },
  );
});

describe('a refund of a delayed payment', () => {
  it('is followed although its events come before the one that says that it was paid', async () => {
    const { show } = await world.sell({ tickets: [{ price: 2000, quantity: 5 }] });
    const items = [{ ticketId: show.tickets[0]!.id, quantity: 1 }];
    const bought = await purchase(server, { showId: show.id, items });
    const sessionId = sessionIn(bought.checkoutUrl);
    await world.stripe.pay(sessionId, { method: 'delayed' });
    await settlesAs(world, bought.order.id, 'PENDING', 'PROCESSING');
    await world.stripe.webhooks.pause();
    const session = await world.stripe.settleDelayed(sessionId, 'succeeded');
    await clientOf(world.stripe).refunds.create({ payment_intent: session.payment_intent as string });
    await world.stripe.webhooks.resume('reversed');
    await world.stripe.webhooks.idle();
    await settlesAs(world, bought.order.id, 'CONFIRMED', 'REFUNDED');
    expect((await readOrder(server, bought)).attendees).toMatchObject([{ status: 'VALID' }]);
  });
});

describe('a refund of a charge that is not transferred yet', () => {
  it('waits for the transfer, and takes its part of it back', async () => {
    const { seller, show } = await world.sell({ tickets: [{ price: 2000, quantity: 5 }] });
    const items = [{ ticketId: show.tickets[0]!.id, quantity: 1 }];
    const ordered = await purchase(server, { showId: show.id, items });
    await world.stripe.pay(sessionIn(ordered.checkoutUrl), { settle: 'later' });
    const order = await orderReaches(server, ordered, 'CONFIRMED');
    const paid = { seller, showId: show.id, ticketIds: [show.tickets[0]!.id], bought: { ...ordered, order } };
    expect(expectData(await refund(paid)).refundOrder).toMatchObject({ status: 'PENDING' });
    const { payment_intent_id } = await storedOrder(world, order.id);
    const intent = await clientOf(world.stripe).paymentIntents.retrieve(payment_intent_id!);
    await world.stripe.settleCharge(intent.latest_charge as string);
    await hurryJobs(world);
    await refundIs(paid, 'SUCCEEDED');
    const charge = await clientOf(world.stripe).charges.retrieve(intent.latest_charge as string, {
      expand: ['transfer'],
    });
    expect(charge).toMatchObject({ amount_refunded: 2000, transfer: { amount_reversed: 2000 } });
  });
});
