import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { availability, type PublishedShow, purchase, readOrder } from '../support/fixtures.js';
import { expectData } from '../support/graphql-client.js';
import { send } from '../support/http.js';
import { metric } from '../support/metrics.js';
import { completeCheckout, counters, jobsOf, mailsAbout, makeDue, settlesAs } from '../support/order-life.js';
import { sessionIn } from '../support/stripe.js';
import { startWorld, type World } from '../support/world.js';
import { clientOf } from './local-stripe-support.js';

let world: World;
let show: PublishedShow;
beforeAll(async () => {
  // 1.2 seconds: no test waits for a quarter of an hour.
  world = await startWorld({ env: { HOLD_MINUTES: '0.02', LOCK_WAIT_MS: '60000' } });
  ({ show } = await world.sell({
    tickets: [
      { price: 2500, quantity: 40 },
      { price: 1000, quantity: 40 },
    ],
  }));
});
afterEach(() => world.stripe.faults.clear());
afterAll(async () => world.close());

const EXPIRE = { method: 'POST', path: 'cs_\\w+/expire$' };
const NOTHING = { quantity: 40, held: 0, sold: 0 };
const first = () => show.tickets[0]!.id;
const second = () => show.tickets[1]!.id;

async function buyCart() {
  const items = [
    { ticketId: first(), quantity: 2 },
    { ticketId: second(), quantity: 1 },
  ];
  const bought = await purchase(world.server, { showId: show.id, items });
  return { bought, sessionId: sessionIn(bought.checkoutUrl) };
}

const sessionOf = (id: string) => clientOf(world.stripe).checkout.sessions.retrieve(id);

describe('an order whose time runs out', () => {
  it('is EXPIRED, its page closed, and every ticket of its cart back on sale', async () => {
    const expired = await metric(world.server, 'boxoffice_orders_settled_total', { status: 'EXPIRED' });
    const { bought, sessionId } = await buyCart();
    expect(await counters(world, first())).toMatchObject({ held: 2 });
    expect(await counters(world, second())).toMatchObject({ held: 1 });
    await settlesAs(world, bought.order.id, 'EXPIRED', 'UNPAID');
    expect((await sessionOf(sessionId)).status).toBe('expired');
    expect(await availability(world.server, show.id)).toEqual({ [first()]: 40, [second()]: 40 });
    expect(await readOrder(world.server, bought)).toMatchObject({ checkoutUrl: null, attendees: [] });
    await expect(world.stripe.pay(sessionId)).rejects.toThrow('can no longer be paid');
    expect(await jobsOf(world, bought.order.id)).toEqual([]);
    expect(await metric(world.server, 'boxoffice_orders_settled_total', { status: 'EXPIRED' })).toBe(
      expired + 1,
    );
  });

  it('keeps its tickets until Stripe has said that nobody can pay any more', async () => {
    const stall = await world.stripe.faults.add({ kind: 'stall', match: EXPIRE });
    const { bought, sessionId } = await buyCart();
    await world.stripe.faults.whenStruck(stall.id);
    expect(await readOrder(world.server, bought)).toMatchObject({ status: 'PENDING' });
    expect(await counters(world, first())).toMatchObject({ held: 2 });
    expect((await sessionOf(sessionId)).status).toBe('open');
    await world.stripe.faults.clear();
    await settlesAs(world, bought.order.id, 'EXPIRED', 'UNPAID');
    expect(await counters(world, first())).toEqual(NOTHING);
  });

  it('is told so when the buyer comes back', async () => {
    const { bought, sessionId } = await buyCart();
    await settlesAs(world, bought.order.id, 'EXPIRED', 'UNPAID');
    const order = expectData(await completeCheckout(world.server, sessionId)).completeCheckout;
    expect(order).toMatchObject({ status: 'EXPIRED', paymentStatus: 'UNPAID' });
    const page = await send(world.server, `/checkout/success?session_id=${sessionId}`);
    expect(page.text).toContain('Nothing was charged');
  });

  it('is ended once, though Stripe tells of it too', async () => {
    await world.stripe.webhooks.duplicate(3);
    const orders = await Promise.all(Array.from({ length: 5 }, buyCart));
    for (const { bought } of orders) await settlesAs(world, bought.order.id, 'EXPIRED', 'UNPAID');
    await world.stripe.webhooks.idle();
    await world.stripe.webhooks.duplicate(1);
    expect(await counters(world, first())).toEqual(NOTHING);
    expect(await counters(world, second())).toEqual(NOTHING);
  });

  it('needs no webhook for it', async () => {
    await world.stripe.webhooks.pause();
    const { bought } = await buyCart();
    await settlesAs(world, bought.order.id, 'EXPIRED', 'UNPAID');
    await world.stripe.webhooks.resume();
    await world.stripe.webhooks.idle();
    expect(await counters(world, first())).toEqual(NOTHING);
  });
});

describe('while Stripe cannot be reached', () => {
  it('an order keeps its tickets beyond its time, and gives them back later', async () => {
    const { bought, sessionId } = await buyCart();
    await world.stripe.faults.add({ kind: 'reset' });
    await world.server.waitForLog(
      ({ orderId, msg }) => orderId === bought.order.id && String(msg).includes('could not be looked after'),
    );
    expect(await readOrder(world.server, bought)).toMatchObject({ status: 'PENDING' });
    expect(Date.parse(bought.order.expiresAt!)).toBeLessThan(Date.now());
    expect(await counters(world, first())).toMatchObject({ held: 2 });
    await world.stripe.faults.clear();
    expect((await sessionOf(sessionId)).status).toBe('open');
    await makeDue(world, bought.order.id);
    await settlesAs(world, bought.order.id, 'EXPIRED', 'UNPAID');
    expect(await counters(world, first())).toEqual(NOTHING);
  });

  it('an answer that is lost after the session was expired is asked for again', async () => {
    await world.stripe.faults.add({ kind: 'reply-lost', match: EXPIRE, times: 1 });
    const { bought } = await buyCart();
    await settlesAs(world, bought.order.id, 'EXPIRED', 'UNPAID');
    expect(await counters(world, first())).toEqual(NOTHING);
  });
});

describe('an order that is paid in the instant in which its time runs out', () => {
  it('is confirmed, though Stripe was just being asked to close its page', async () => {
    const before = (await counters(world, first())).sold;
    await world.stripe.webhooks.pause();
    const stall = await world.stripe.faults.add({ kind: 'stall', match: EXPIRE });
    const { bought, sessionId } = await buyCart();
    await world.stripe.faults.whenStruck(stall.id);
    await world.stripe.pay(sessionId);
    await world.stripe.faults.clear();
    await settlesAs(world, bought.order.id, 'CONFIRMED', 'PAID');
    await world.stripe.webhooks.resume();
    await world.stripe.webhooks.idle();
    expect((await readOrder(world.server, bought)).attendees).toHaveLength(3);
    expect(await mailsAbout(world, bought.order.id, 'confirmation')).toHaveLength(1);
    expect(await counters(world, first())).toEqual({ quantity: 40, held: 0, sold: before + 2 });
  });
});

describe('a hundred and twenty orders whose time runs out together', () => {
  it('all give their tickets back', async () => {
    const { show: rush } = await world.sell({ tickets: [{ price: 2500, quantity: 120 }] });
    const ticketId = rush.tickets[0]!.id;
    await Promise.all(
      Array.from({ length: 120 }, () =>
        purchase(world.server, { showId: rush.id, items: [{ ticketId, quantity: 1 }] }),
      ),
    );
    await eventually(
      'everything is on sale again',
      async () => (await counters(world, ticketId)).held === 0,
      30_000,
    );
    const { rows } = await world.database.pool.query(
      'select status, count(*)::int from orders where show_id = $1 group by status',
      [rush.id],
    );
    expect(rows).toEqual([{ status: 'EXPIRED', count: 120 }]);
  });
});
