import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { clientOf } from '../integration/local-stripe-support.js';
import { expectData } from '../support/graphql-client.js';
import { settlesAs, storedOrder } from '../support/order-life.js';
import { paidOrder, refundIs, tryRefund } from '../support/refunds.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld({ env: { PLATFORM_FEE_PERCENT: '10' } });
});
afterAll(async () => world.close());

describe('a refund that was made at Stripe itself and failed', () => {
  it.each([
    ['everything', () => ({})],
    ['some attendees', (ids: string[]) => ({ attendeeIds: ids.slice(0, 1) })],
  ] as const)('keeps none of the money back from a refund of %s', async (_what, choice) => {
    const paid = await paidOrder(world, [{ price: 2000, quantity: 2 }]);
    const { payment_intent_id } = await storedOrder(world, paid.bought.order.id);
    await world.stripe.holdRefunds(true);
    const { id } = await clientOf(world.stripe).refunds.create({ payment_intent: payment_intent_id! });
    await settlesAs(world, paid.bought.order.id, 'CONFIRMED', 'REFUNDED');
    await world.stripe.settleRefund(id, 'failed', 'expired_or_canceled_card');
    await refundIs(world, paid, 'FAILED');
    await world.stripe.holdRefunds(false);
    const input = choice(paid.bought.order.attendees.map((attendee) => attendee.id));
    const answer = await tryRefund(world.server, paid.seller.token, {
      orderId: paid.bought.order.id,
      ...input,
    });
    const { amount, attendees } = expectData(answer).refundOrder;
    expect(amount.amount).toBe(2000 * attendees.length);
    expect(attendees.length).toBeGreaterThan(0);
  });
});
