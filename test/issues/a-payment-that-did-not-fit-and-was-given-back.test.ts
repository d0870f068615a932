import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { clientOf } from '../integration/local-stripe-support.js';
import { purchase } from '../support/fixtures.js';
import { counters, makeDue, settlesAs } from '../support/order-life.js';
import { sessionIn } from '../support/stripe.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

/** An order of 2 tickets that waits for another amount than was paid, as the alarm has just told. */
async function misfit() {
  const { show } = await world.sell({ tickets: [{ price: 2500, quantity: 10 }] });
  const ticketId = show.tickets[0]!.id;
  const bought = await purchase(world.server, { showId: show.id, items: [{ ticketId, quantity: 2 }] });
  const { pool } = world.database;
  await pool.query('update orders set total_amount = 4999 where id = $1', [bought.order.id]);
  const { payment_intent } = await world.stripe.pay(sessionIn(bought.checkoutUrl));
  await world.server.waitForLog(
    ({ orderId, msg }) => orderId === bought.order.id && String(msg).startsWith('ALARM'),
  );
  return { orderId: bought.order.id, ticketId, payment: payment_intent as string };
}

const giveBack = (payment: string, amount: number) =>
  clientOf(world.stripe).refunds.create({ payment_intent: payment, amount, reverse_transfer: true });

describe('a payment that did not fit its order', () => {
  it('keeps the tickets while some of it is there, and gives them back once a human has sent all of it back', async () => {
    const { orderId, ticketId, payment } = await misfit();
    await giveBack(payment, 2000);
    await world.stripe.webhooks.idle();
    await settlesAs(world, orderId, 'PENDING', 'UNPAID');
    expect(await counters(world, ticketId)).toEqual({ quantity: 10, held: 2, sold: 0 });
    await giveBack(payment, 3000);
    await settlesAs(world, orderId, 'EXPIRED', 'UNPAID');
    expect(await counters(world, ticketId)).toEqual({ quantity: 10, held: 0, sold: 0 });
  });

  it('is asked about where nobody tells that it was sent back', async () => {
    const { orderId, ticketId, payment } = await misfit();
    await world.stripe.webhooks.idle();
    await world.stripe.webhooks.pause();
    await giveBack(payment, 5000);
    await makeDue(world, orderId);
    await settlesAs(world, orderId, 'EXPIRED', 'UNPAID');
    expect(await counters(world, ticketId)).toEqual({ quantity: 10, held: 0, sold: 0 });
    await world.stripe.webhooks.resume();
    await world.stripe.webhooks.idle();
    await settlesAs(world, orderId, 'EXPIRED', 'UNPAID');
  });
});
