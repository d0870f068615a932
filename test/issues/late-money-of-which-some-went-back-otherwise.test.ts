import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { clientOf } from '../integration/local-stripe-support.js';
import { eventually } from '../support/eventually.js';
import { type Purchase, purchase } from '../support/fixtures.js';
import { jobsOf, settlesAs, storedOrder } from '../support/order-life.js';
import { sessionIn } from '../support/stripe.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld({ env: { PLATFORM_FEE_PERCENT: '10', WORKER: 'off' } });
});
afterAll(async () => world.close());

/** Money that came for an order which had ended, before any worker has sent it back. */
async function lateMoney(): Promise<{ bought: Purchase; paymentId: string }> {
  const { show } = await world.sell({ tickets: [{ price: 2500, quantity: 3 }] });
  const items = [{ ticketId: show.tickets[0]!.id, quantity: 2 }];
  const bought = await purchase(world.server, { showId: show.id, items });
  await world.stripe.expireSession(sessionIn(bought.checkoutUrl));
  await settlesAs(world, bought.order.id, 'EXPIRED', 'UNPAID');
  await purchase(world.server, { showId: show.id, items });
  await world.stripe.pay(sessionIn(bought.checkoutUrl), { afterExpiry: true });
  await settlesAs(world, bought.order.id, 'EXPIRED', 'PAID');
  const { payment_intent_id } = await storedOrder(world, bought.order.id);
  return { bought, paymentId: payment_intent_id! };
}

async function refundedOf(paymentId: string): Promise<number[]> {
  const { data } = await clientOf(world.stripe).refunds.list({ payment_intent: paymentId });
  return data.map(({ amount }) => amount);
}

describe('late money', () => {
  it('goes back wholly, though some went back at Stripe first, or a dispute about it had to be won', async () => {
    const partly = await lateMoney();
    await clientOf(world.stripe).refunds.create({ payment_intent: partly.paymentId, amount: 1000 });
    await settlesAs(world, partly.bought.order.id, 'EXPIRED', 'PARTIALLY_REFUNDED');
    const disputed = await lateMoney();
    const intent = await clientOf(world.stripe).paymentIntents.retrieve(disputed.paymentId);
    const dispute = await world.stripe.openDispute(intent.latest_charge as string);
    await settlesAs(world, disputed.bought.order.id, 'EXPIRED', 'DISPUTED');
    await world.addServer({ env: { WORKER: 'on' } });
    await settlesAs(world, partly.bought.order.id, 'EXPIRED', 'REFUNDED');
    expect(await refundedOf(partly.paymentId)).toEqual([4000, 1000]);
    await eventually(
      'nothing is to be done while it is disputed',
      async () => (await jobsOf(world, disputed.bought.order.id)).length === 0,
    );
    expect(await refundedOf(disputed.paymentId)).toEqual([]);
    await world.stripe.closeDispute(dispute.id, 'won');
    await settlesAs(world, disputed.bought.order.id, 'EXPIRED', 'REFUNDED');
    expect(await refundedOf(disputed.paymentId)).toEqual([5000]);
  });
});
