import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { expectData, expectError } from '../support/graphql-client.js';
import { hurryJobs, mailsAbout, settlesAs, storedOrder } from '../support/order-life.js';
import {
  type PaidOrder,
  paidOrder,
  refundIs,
  refundsAtStripe,
  refundsOf,
  tryRefund,
  tryRetry,
} from '../support/refunds.js';
import type { TestServer } from '../support/server.js';
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
    const [held] = await refundsAtStripe(world, paid);
    await world.stripe.settleRefund(held!.id, 'succeeded');
    await refundIs(world, paid, 'SUCCEEDED');
    expect(await refundsAtStripe(world, paid)).toHaveLength(1);
  });

  it('is asked about when no event comes', async () => {
    const paid = await two();
    await world.stripe.holdRefunds(true);
    expectData(await refund(paid));
    await world.stripe.webhooks.pause();
    const [held] = await refundsAtStripe(world, paid);
    await world.stripe.settleRefund(held!.id, 'succeeded');
    await world.stripe.webhooks.discardHeld();
    await makeRefundsDue(paid);
    await refundIs(world, paid, 'SUCCEEDED');
  });
});

describe('a refund that fails', () => {
  it('is shown, leaves the tickets void, and can be tried again', async () => {
    const paid = await two();
    await world.stripe.holdRefunds(true);
    const { id } = expectData(await refund(paid)).refundOrder;
    const [held] = await refundsAtStripe(world, paid);
    await world.stripe.settleRefund(held!.id, 'failed', 'expired_or_canceled_card');
    await refundIs(world, paid, 'FAILED');
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
    expect((await refundsAtStripe(world, paid)).map(({ status }) => status)).toEqual(['succeeded', 'failed']);
  });

  it('may do so after it has succeeded', async () => {
    const paid = await two();
    expectData(await refund(paid));
    const [made] = await refundsAtStripe(world, paid);
    await world.stripe.settleRefund(made!.id, 'failed');
    await refundIs(world, paid, 'FAILED');
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
    await refundIs(world, paid, 'SUCCEEDED');
    expect(await refundsAtStripe(world, paid)).toHaveLength(1);
  });

  it.each(['reply-lost', 'reset'] as const)('fails (%s) is made once', async (kind) => {
    const paid = await two();
    await world.stripe.webhooks.pause();
    await world.stripe.faults.add({ kind, match: CREATE, times: 1 });
    await world.stripe.faults.add({ kind: 'reset', match: CREATE });
    expect(expectData(await refund(paid)).refundOrder).toMatchObject({ status: 'PENDING' });
    expect(await refundsAtStripe(world, paid)).toHaveLength(kind === 'reset' ? 0 : 1);
    await world.stripe.faults.clear();
    await hurryJobs(world);
    await refundIs(world, paid, 'SUCCEEDED');
    expect(await refundsAtStripe(world, paid)).toHaveLength(1);
    expect(await mailsAbout(world, paid.bought.order.id, 'refund')).toHaveLength(1);
  });

  it('answers an error from then on, though it has made the refund, finds that refund', async () => {
    const paid = await two();
    await world.stripe.webhooks.pause();
    await world.stripe.faults.add({ kind: 'error', status: 500, afterEffect: true, match: CREATE });
    expect(expectData(await refund(paid)).refundOrder).toMatchObject({ status: 'PENDING' });
    await world.stripe.faults.clear();
    await hurryJobs(world);
    await refundIs(world, paid, 'SUCCEEDED');
    expect(await refundsAtStripe(world, paid)).toHaveLength(1);
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
      expect(await refundsAtStripe(world, paid)).toHaveLength(afterEffect ? 1 : 0);
      server = await world.addServer({ port });
      await makeRefundsDue(paid);
      await refundIs(world, paid, 'SUCCEEDED');
      expect(await refundsAtStripe(world, paid)).toMatchObject([{ amount: 4000 }]);
      await settlesAs(world, paid.bought.order.id, 'CONFIRMED', 'REFUNDED');
    },
  );
});
