import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { purchase, readOrder } from '../support/fixtures.js';
import { expectData, expectError } from '../support/graphql-client.js';
import { watch } from '../support/inventory-watch.js';
import { counters, mailsAbout, settlesAs, storedOrder } from '../support/order-life.js';
import { type PaidOrder, paidOrder, pay, refundsOf, tryRefund } from '../support/refunds.js';
import { startWorld, type World } from '../support/world.js';
import { clientOf } from './local-stripe-support.js';

let world: World;
beforeAll(async () => {
  world = await startWorld({ env: { PLATFORM_FEE_PERCENT: '10' } });
});
afterEach(() => world.stripe.faults.clear());
afterAll(async () => world.close());

const cart = () =>
  paidOrder(world, [
    { price: 2500, quantity: 2 },
    { price: 1000, quantity: 1 },
  ]);

const refund = async ({ seller, bought }: PaidOrder, input: object = {}) =>
  expectData(await tryRefund(world.server, seller.token, { orderId: bought.order.id, ...input })).refundOrder;

async function chargeOf({ bought }: PaidOrder) {
  const { payment_intent_id } = await storedOrder(world, bought.order.id);
  const intent = await clientOf(world.stripe).paymentIntents.retrieve(payment_intent_id!, {
    expand: ['latest_charge.transfer', 'latest_charge.application_fee'],
  });
  const refunds = await clientOf(world.stripe).refunds.list({ payment_intent: payment_intent_id! });
  return { charge: intent.latest_charge, refunds: refunds.data };
}

/** What the ledger says of who got how much back, by kind. */
async function movements({ bought }: PaidOrder): Promise<Record<string, number>> {
  const { rows } = await world.database.pool.query(
    `select kind, sum(amount)::int as amount from ledger_entry
     where order_id = $1 and amount > 0 and kind not in ('CHARGE', 'TRANSFER', 'APPLICATION_FEE') group by kind`,
    [bought.order.id],
  );
  return Object.fromEntries(rows.map(({ kind, amount }) => [kind, amount]));
}

describe('a refund of a whole order', () => {
  it('gives everything back, also of the transfer and of the fee, and takes the tickets back', async () => {
    const paid = await cart();
    const made = await refund(paid, { note: 'With our regrets' });
    expect(made).toMatchObject({
      amount: { amount: 6000, currency: 'USD' },
      status: 'SUCCEEDED',
      note: 'With our regrets',
      restock: false,
      failureReason: null,
      settledAt: expect.any(String),
      order: { status: 'CONFIRMED', paymentStatus: 'REFUNDED' },
    });
    expect(made.attendees.map(({ status }) => status)).toEqual(['REVOKED', 'REVOKED', 'REVOKED']);
    const { charge, refunds } = await chargeOf(paid);
    expect(charge).toMatchObject({
      refunded: true,
      transfer: { amount_reversed: 6000 },
      application_fee: { amount_refunded: 600 },
    });
    expect(refunds).toMatchObject([
      {
        amount: 6000,
        reason: 'requested_by_customer',
        metadata: { order_id: paid.bought.order.id, refund_id: made.id },
      },
    ]);
    expect(await movements(paid)).toEqual({
      REFUND: 6000,
      TRANSFER_REVERSAL: 6000,
      APPLICATION_FEE_REFUND: 600,
    });
    const order = await readOrder(world.server, paid.bought);
    expect(order.attendees.map(({ status }) => status)).toEqual(['REVOKED', 'REVOKED', 'REVOKED']);
    expect(await counters(world, paid.ticketIds[0]!)).toEqual({ quantity: 20, held: 0, sold: 2 });
    const mails = await mailsAbout(world, paid.bought.order.id, 'refund');
    expect(mails).toHaveLength(1);
    expect(mails[0]).toContain('$60.00');
    expect(mails[0]).toContain('With our regrets');
    expect(await refundsOf(world.server, paid.bought)).toEqual([made]);
  });

  it('is made once for the same idempotency key, and refused for the key with another input', async () => {
    const paid = await cart();
    const idempotencyKey = randomUUID();
    const lines = [{ lineId: paid.bought.order.lines[0]!.id, quantity: 1 }];
    const [first, second] = await Promise.all([
      refund(paid, { idempotencyKey, lines }),
      refund(paid, { idempotencyKey, lines }),
    ]);
    expect(second.id).toBe(first.id);
    const other = await tryRefund(world.server, paid.seller.token, {
      orderId: paid.bought.order.id,
      idempotencyKey,
    });
    expectError(other, 'IDEMPOTENCY_KEY_REUSED');
    expect((await chargeOf(paid)).refunds).toMatchObject([{ amount: 2500 }]);
  });

  it('takes free tickets back without asking Stripe, and not twice', async () => {
    const { seller, show } = await world.sell({ tickets: [{ price: 0, quantity: 5 }] });
    const items = [{ ticketId: show.tickets[0]!.id, quantity: 2 }];
    const bought = await purchase(world.server, { showId: show.id, items });
    const free = { seller, showId: show.id, ticketIds: [show.tickets[0]!.id], bought };
    const before = (await world.stripe.requests({ path: '/v1/refunds' })).length;
    expect(await refund(free, { restock: true })).toMatchObject({
      amount: { amount: 0 },
      status: 'SUCCEEDED',
      order: { paymentStatus: 'NOT_REQUIRED' },
      attendees: [{ status: 'REVOKED' }, { status: 'REVOKED' }],
    });
    expect(await counters(world, show.tickets[0]!.id)).toEqual({ quantity: 5, held: 0, sold: 0 });
    const again = await tryRefund(world.server, seller.token, { orderId: bought.order.id });
    expectError(again, 'CONFLICT');
    expect((await world.stripe.requests({ path: '/v1/refunds' })).length).toBe(before);
  });
});

describe('a refund of a part', () => {
  it('of a line, then of an attendee, then of the rest, adds up to the cent', async () => {
    const paid = await paidOrder(world, [
      { price: 333, quantity: 3 },
      { price: 1001, quantity: 2 },
    ]);
    const [first, second] = paid.bought.order.lines;
    const one = await refund(paid, { lines: [{ lineId: first!.id, quantity: 2 }] });
    expect(one).toMatchObject({ amount: { amount: 666 }, order: { paymentStatus: 'PARTIALLY_REFUNDED' } });
    const attendeeId = second!.attendees[1]!.id;
    const two = await refund(paid, { attendeeIds: [attendeeId] });
    expect(two).toMatchObject({ amount: { amount: 1001 }, attendees: [{ id: attendeeId }] });
    const order = await readOrder(world.server, paid.bought);
    expect(order.attendees.filter(({ status }) => status === 'VALID')).toHaveLength(2);
    const three = await refund(paid);
    expect(three).toMatchObject({ amount: { amount: 1334 }, order: { paymentStatus: 'REFUNDED' } });
    expect((await chargeOf(paid)).charge).toMatchObject({
      amount_refunded: 3001,
      transfer: { amount_reversed: 3001 },
      application_fee: { amount_refunded: 300 },
    });
    expect(await movements(paid)).toEqual({
      REFUND: 3001,
      TRANSFER_REVERSAL: 3001,
      APPLICATION_FEE_REFUND: 300,
    });
  });

  it('takes more than is left of nothing', async () => {
    const paid = await cart();
    const { token } = paid.seller;
    const orderId = paid.bought.order.id;
    const [line] = paid.bought.order.lines;
    const attendeeIds = [line!.attendees[0]!.id];
    await refund(paid, { attendeeIds });
    const twice = await tryRefund(world.server, token, { orderId, attendeeIds });
    expectError(twice, 'CONFLICT');
    const tooMany = await tryRefund(world.server, token, {
      orderId,
      lines: [{ lineId: line!.id, quantity: 2 }],
    });
    expectError(tooMany, 'CONFLICT');
    expect((await chargeOf(paid)).refunds).toMatchObject([{ amount: 2500 }]);
  });

  it('puts the tickets back on sale where that is wanted, as whoever watches the show sees', async () => {
    const paid = await cart();
    const watcher = watch(world.server, paid.showId);
    await watcher.untilAvailable(paid.ticketIds[0]!, 18);
    const lines = [{ lineId: paid.bought.order.lines[0]!.id, quantity: 2 }];
    await refund(paid, { lines, restock: true });
    await watcher.untilAvailable(paid.ticketIds[0]!, 20);
    await watcher.close();
    expect(await counters(world, paid.ticketIds[0]!)).toEqual({ quantity: 20, held: 0, sold: 0 });
    expect(await counters(world, paid.ticketIds[1]!)).toEqual({ quantity: 20, held: 0, sold: 1 });
    const items = [{ ticketId: paid.ticketIds[0]!, quantity: 10 }];
    const more = await purchase(world.server, { showId: paid.showId, items });
    expect((await pay(world, more)).order.attendees).toHaveLength(10);
  });
});

describe('a refund is refused', () => {
  it('for an order that is not paid yet', async () => {
    const { seller, show } = await world.sell({ tickets: [{ price: 900, quantity: 5 }] });
    const items = [{ ticketId: show.tickets[0]!.id, quantity: 1 }];
    const { order } = await purchase(world.server, { showId: show.id, items });
    const answer = await tryRefund(world.server, seller.token, { orderId: order.id });
    expect(expectError(answer, 'CONFLICT').extensions).toMatchObject({
      status: 'PENDING',
      paymentStatus: 'UNPAID',
    });
  });

  it('for what is malformed, unknown or contradictory, with the field', async () => {
    const paid = await cart();
    const orderId = paid.bought.order.id;
    const attempt = async (code: string, input: object) =>
      expectError(await tryRefund(world.server, paid.seller.token, { orderId, ...input }), code).extensions;
    const lineId = paid.bought.order.lines[0]!.id;
    const attendeeIds = [paid.bought.order.attendees[0]!.id];
    const cases: Array<[object, string]> = [
      [{ orderId: '1' }, 'orderId'],
      [{ lines: [] }, 'lines'],
      [{ lines: [{ lineId: 'x', quantity: 1 }] }, 'lines.0.lineId'],
      [{ lines: [{ lineId, quantity: 0 }] }, 'lines.0.quantity'],
      [{ attendeeIds: [] }, 'attendeeIds'],
      [{ attendeeIds: ['x'] }, 'attendeeIds.0'],
      [{ lines: [{ lineId, quantity: 1 }], attendeeIds }, 'attendeeIds'],
      [{ reason: 'LATE_PAYMENT' }, 'reason'],
      [{ reason: 'AT_STRIPE' }, 'reason'],
      [{ note: 'n'.repeat(1001) }, 'note'],
      [{ idempotencyKey: 'short' }, 'idempotencyKey'],
    ];
    for (const [input, field] of cases) {
      expect(await attempt('BAD_USER_INPUT', input)).toMatchObject({ field });
    }
    await attempt('NOT_FOUND', { orderId: randomUUID() });
    await attempt('NOT_FOUND', { attendeeIds: [randomUUID()] });
    await attempt('NOT_FOUND', { lines: [{ lineId: randomUUID(), quantity: 1 }] });
    const other = await cart();
    await attempt('NOT_FOUND', { attendeeIds: [other.bought.order.attendees[0]!.id] });
    await settlesAs(world, orderId, 'CONFIRMED', 'PAID');
    expect(await refundsOf(world.server, paid.bought)).toEqual([]);
  });
});
