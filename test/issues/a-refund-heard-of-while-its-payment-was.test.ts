import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { clientOf } from '../integration/local-stripe-support.js';
import { purchase } from '../support/fixtures.js';
import { expectData } from '../support/graphql-client.js';
import { completeCheckout, settlesAs } from '../support/order-life.js';
import { refundsOf } from '../support/refunds.js';
import { sessionIn } from '../support/stripe.js';
import { deliverTo } from '../support/webhooks.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld({ env: { WORKER: 'off' } });
});
afterAll(() => world.close());

/** While Stripe was asked whose payment it is, the order came to know of it: and was then no longer found. */
it('is recorded although the order hears of its payment while the event about its refund is looked into', async () => {
  const { show } = await world.sell({ tickets: [{ price: 2500, quantity: 2 }] });
  await world.stripe.webhooks.idle();
  await world.stripe.webhooks.pause();
  const items = [{ ticketId: show.tickets[0]!.id, quantity: 2 }];
  const bought = await purchase(world.server, { showId: show.id, items });
  const sessionId = sessionIn(bought.checkoutUrl);
  const { payment_intent } = await world.stripe.pay(sessionId);
  await clientOf(world.stripe).refunds.create({ payment_intent: payment_intent as string, amount: 1000 });
  const refunded = (await world.stripe.events()).find(
    ({ type, data }) =>
      type === 'charge.refunded' &&
      (data.object as { payment_intent?: string }).payment_intent === payment_intent,
  );

  const match = { method: 'GET', path: '/v1/payment_intents/' };
  const stall = await world.stripe.faults.add({ kind: 'stall', match, times: 1 });
  const delivered = deliverTo(world.server, world, refunded!);
  await world.stripe.faults.whenStruck(stall.id);
  expect(expectData(await completeCheckout(world.server, sessionId)).completeCheckout.status).toBe(
    'CONFIRMED',
  );
  await world.stripe.faults.clear();

  expect((await delivered).status).toBe(200);
  await settlesAs(world, bought.order.id, 'CONFIRMED', 'PARTIALLY_REFUNDED');
  expect(await refundsOf(world.server, bought)).toMatchObject([
    { status: 'SUCCEEDED', amount: { amount: 1000 } },
  ]);
});
