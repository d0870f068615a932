import { afterAll, beforeAll, describe, it } from '@jest/globals';
import type Stripe from 'stripe';
import { clientOf } from '../integration/local-stripe-support.js';
import { eventually } from '../support/eventually.js';
import { purchase } from '../support/fixtures.js';
import { cancelAsBuyer, settlesAs } from '../support/order-life.js';
import { sessionIn } from '../support/stripe.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

describe('the transfer of money that came for an order which had ended', () => {
  it('says which order it was for, as any other, although the money goes back', async () => {
    const { show } = await world.sell({ tickets: [{ price: 2500, quantity: 10 }] });
    const items = [{ ticketId: show.tickets[0]!.id, quantity: 2 }];
    const bought = await purchase(world.server, { showId: show.id, items });
    await cancelAsBuyer(world.server, bought);
    const { payment_intent } = await world.stripe.pay(sessionIn(bought.checkoutUrl), { afterExpiry: true });
    await settlesAs(world, bought.order.id, 'CANCELLED', 'REFUNDED');
    await eventually('the transfer names the order', async () => {
      const intent = await clientOf(world.stripe).paymentIntents.retrieve(payment_intent as string, {
        expand: ['latest_charge.transfer'],
      });
      const { transfer } = intent.latest_charge as Stripe.Charge;
      const { metadata } = transfer as Stripe.Transfer;
      return metadata.order_id === bought.order.id && metadata.order_reference === bought.order.reference;
    });
  });
});
