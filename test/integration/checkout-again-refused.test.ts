import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { orderReaches, type Purchase, purchase } from '../support/fixtures.js';
import { expectData } from '../support/graphql-client.js';
import { cancelAsBuyer, counters, settlesAs } from '../support/order-life.js';
import { sessionIn } from '../support/stripe.js';
import { startWorld, type World } from '../support/world.js';
import { DOWN, giveUp, newSale, paysOnce, refusal } from './checkout-again-support.js';

let world: World;
beforeAll(async () => {
  world = await startWorld({ env: { PLATFORM_FEE_PERCENT: '10' } });
});
afterEach(async () => {
  await world.stripe.faults.clear();
  await world.stripe.webhooks.resume();
});
afterAll(async () => world.close());

describe('createCheckout is refused as a purchase would be', () => {
  it('where others have bought the tickets meanwhile', async () => {
    const { givenUp, ticketId, input } = await giveUp(world, DOWN);
    const items = [{ ticketId, quantity: 4 }];
    await purchase(world.server, { showId: input.showId, items });
    const { extensions } = await refusal(world, givenUp, 'SOLD_OUT');
    expect(extensions?.tickets).toEqual([{ ticketId, requested: 2, available: 1 }]);
    expect(await counters(world, ticketId)).toMatchObject({ held: 4 });
  });

  it('where the price has changed', async () => {
    const { givenUp, ticketId } = await giveUp(world, DOWN);
    await world.database.pool.query('update ticket set price = 3000 where id = $1', [ticketId]);
    const { extensions } = await refusal(world, givenUp, 'PRICE_CHANGED');
    expect(extensions?.tickets).toEqual([{ ticketId, expected: 2500, actual: 3000 }]);
  });

  it('where the show was called off', async () => {
    const { givenUp, show } = await giveUp(world, DOWN);
    await world.database.pool.query("update show set status = 'CANCELLED' where id = $1", [show.id]);
    await refusal(world, givenUp, 'SHOW_NOT_ON_SALE');
  });

  it('where the producer may take no charges any more', async () => {
    const { givenUp, show, ticketId } = await giveUp(world, DOWN);
    const { rows } = await world.database.pool.query('select stripe_account_id from producer where id = $1', [
      show.producerId,
    ]);
    await world.stripe.disableCharges(rows[0].stripe_account_id);
    await eventually('the server has heard of it', async () => {
      const { rows: after } = await world.database.pool.query(
        'select can_accept_payments from producer where id = $1',
        [show.producerId],
      );
      return after[0].can_accept_payments === false;
    });
    await refusal(world, givenUp, 'PRODUCER_NOT_PAYABLE');
    expect(await counters(world, ticketId)).toMatchObject({ held: 0 });
  });
});

describe('createCheckout of an order that has nothing to pay any more', () => {
  it('is a conflict once it is confirmed, or has been cancelled', async () => {
    const { input } = await newSale(world);
    const bought = await purchase(world.server, input);
    const known = { orderId: bought.order.id, accessToken: bought.accessToken };
    await world.stripe.pay(sessionIn(bought.checkoutUrl));
    await orderReaches(world.server, bought, 'CONFIRMED');
    expect((await refusal(world, known, 'CONFLICT')).extensions).toMatchObject({ status: 'CONFIRMED' });

    const second = await purchase(world.server, { ...input, idempotencyKey: randomUUID() });
    expectData(await cancelAsBuyer(world.server, second));
    const cancelled = { orderId: second.order.id, accessToken: second.accessToken };
    expect((await refusal(world, cancelled, 'CONFLICT')).extensions).toMatchObject({ status: 'CANCELLED' });
  });

  it('is a conflict while the bank decides', async () => {
    const { input } = await newSale(world);
    const bought = await purchase(world.server, input);
    await world.stripe.pay(sessionIn(bought.checkoutUrl), { method: 'delayed' });
    await settlesAs(world, bought.order.id, 'PENDING', 'PROCESSING');
    const known = { orderId: bought.order.id, accessToken: bought.accessToken };
    expect((await refusal(world, known, 'CONFLICT')).extensions).toMatchObject({
      status: 'PENDING',
      paymentStatus: 'PROCESSING',
    });
  });

  it('is a conflict once the buyer has cancelled an order that was given up', async () => {
    const { givenUp } = await giveUp(world, DOWN);
    const { orderId: id, accessToken } = givenUp;
    const cancelled = await cancelAsBuyer(world.server, { order: { id }, accessToken } as Purchase);
    expect(expectData(cancelled).cancelOrder).toMatchObject({ status: 'CANCELLED' });
    await refusal(world, givenUp, 'CONFLICT');
  });

  it('is a conflict where the same purchase was sent again and has made another order', async () => {
    const { givenUp, input, ticketId } = await giveUp(world, DOWN);
    const other = await purchase(world.server, input);
    expect(other.order.id).not.toBe(givenUp.orderId);
    expect((await refusal(world, givenUp, 'CONFLICT')).extensions).toMatchObject({ status: 'CANCELLED' });
    await paysOnce(world, other, ticketId);
  });

  it('is not found without the right token, and malformed ids are refused', async () => {
    const { givenUp } = await giveUp(world, DOWN);
    await refusal(world, { ...givenUp, accessToken: 'guessed' }, 'NOT_FOUND');
    await refusal(world, { ...givenUp, orderId: 'no-id' }, 'BAD_USER_INPUT');
    await refusal(world, { orderId: givenUp.orderId }, 'UNAUTHENTICATED');
  });
});
