import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { orderReaches, purchase, readOrder } from '../support/fixtures.js';
import { expectData, expectError } from '../support/graphql-client.js';
import { hurryJobs, settlesAs, storedOrder } from '../support/order-life.js';
import { type PaidOrder, paidOrder, refundIs, refundsOf, tryRefund } from '../support/refunds.js';
import type { TestServer } from '../support/server.js';
import { sessionIn } from '../support/stripe.js';
import { startWorld, type World } from '../support/world.js';
import { clientOf } from './local-stripe-support.js';

let world: World;
let server: TestServer;
beforeAll(async () => {
  world = await startWorld({ env: { PLATFORM_FEE_PERCENT: '10' } });
  ({ server } = world);
});
afterEach(async () => {
  await world.stripe.webhooks.resume();
  await world.stripe.webhooks.idle();
});
afterAll(async () => world.close());

const two = () => paidOrder(world, [{ price: 2000, quantity: 2 }]);
const refund = ({ seller, bought }: PaidOrder, input: object = {}) =>
  tryRefund(server, seller.token, { orderId: bought.order.id, ...input });

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
    await refundIs(world, paid, 'SUCCEEDED');
    const charge = await clientOf(world.stripe).charges.retrieve(intent.latest_charge as string, {
      expand: ['transfer'],
    });
    expect(charge).toMatchObject({ amount_refunded: 2000, transfer: { amount_reversed: 2000 } });
  });
});
