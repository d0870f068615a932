import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { purchase, readOrder } from '../support/fixtures.js';
import { metric } from '../support/metrics.js';
import { counters, endHold, jobsOf, makeDue, settlesAs, untilCheckedInVain } from '../support/order-life.js';
import { sessionIn } from '../support/stripe.js';
import { eventAbout, storedEvents } from '../support/webhooks.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(async () => world.close());

describe('a session that Stripe does not know', () => {
  it('raises an alarm and keeps the tickets, until a human has put it right', async () => {
    const { show } = await world.sell({ tickets: [{ price: 2500, quantity: 10 }] });
    const ticketId = show.tickets[0]!.id;
    const bought = await purchase(world.server, { showId: show.id, items: [{ ticketId, quantity: 2 }] });
    const { pool } = world.database;
    const set = (sessionId: string) =>
      pool.query('update orders set checkout_session_id = $2 where id = $1', [bought.order.id, sessionId]);
    const alarms = () =>
      metric(world.server, 'boxoffice_payment_alarms_total', { reason: 'session_missing' });
    const before = await alarms();
    await set('cs_test_of_another_stripe_account');
    await endHold(world, bought.order.id);
    await untilCheckedInVain(world, bought.order.id);
    expect(await alarms()).toBe(before + 1);
    expect(await readOrder(world.server, bought)).toMatchObject({ status: 'PENDING', attendees: [] });
    expect(await counters(world, ticketId)).toEqual({ quantity: 10, held: 2, sold: 0 });

    await set(sessionIn(bought.checkoutUrl));
    await makeDue(world, bought.order.id);
    await settlesAs(world, bought.order.id, 'EXPIRED', 'UNPAID');
    expect(await counters(world, ticketId)).toEqual({ quantity: 10, held: 0, sold: 0 });
  });
});

describe('money that does not fit the order', () => {
  it.each([
    ['of another amount', 'amount_mismatch', 'total_amount', 'total_amount - 1'],
    ['in another currency', 'amount_mismatch', 'currency', "'EUR'"],
    ['for another account', 'account_mismatch', 'stripe_account_id', "'acct_of_another'"],
  ])(
    '%s confirms nothing and raises an alarm, until a human has put it right',
    async (_what, reason, column, value) => {
      const { show } = await world.sell({ tickets: [{ price: 2500, quantity: 10 }] });
      const ticketId = show.tickets[0]!.id;
      const bought = await purchase(world.server, { showId: show.id, items: [{ ticketId, quantity: 2 }] });
      const { pool } = world.database;
      const { rows } = await pool.query(`select ${column} as right from orders where id = $1`, [
        bought.order.id,
      ]);
      await pool.query(`update orders set ${column} = ${value} where id = $1`, [bought.order.id]);
      const alarms = () => metric(world.server, 'boxoffice_payment_alarms_total', { reason });
      const before = await alarms();

      const sessionId = sessionIn(bought.checkoutUrl);
      await world.stripe.pay(sessionId);
      await world.stripe.webhooks.idle();
      const event = await eventAbout(world, 'checkout.session.completed', sessionId);
      const [attempt] = await world.stripe.webhooks.attempts({ eventId: event.id });
      expect(attempt).toMatchObject({ status: 200, delivered: true });
      expect(await storedEvents(world, event.id)).toMatchObject([{ outcome: 'refused' }]);
      expect(await readOrder(world.server, bought)).toMatchObject({
        status: 'PENDING',
        paymentStatus: 'UNPAID',
        attendees: [],
      });
      expect(await counters(world, ticketId)).toEqual({ quantity: 10, held: 2, sold: 0 });
      expect(await jobsOf(world, bought.order.id)).toEqual([]);
      expect(await alarms()).toBe(before + 1);
      const alarm = await world.server.waitForLog(
        ({ orderId, msg }) => orderId === bought.order.id && String(msg).startsWith('ALARM'),
      );
      expect(alarm).toMatchObject({ level: 'error', paid: { amount: 5000, currency: 'USD' } });

      await pool.query(`update orders set ${column} = $2 where id = $1`, [bought.order.id, rows[0].right]);
      await makeDue(world, bought.order.id);
      await settlesAs(world, bought.order.id, 'CONFIRMED', 'PAID');
    },
  );
});
