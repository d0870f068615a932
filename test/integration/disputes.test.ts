import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DISPUTES, disputedState, LOST, OPEN, shownDisputes, WON } from '../support/disputes.js';
import { eventually } from '../support/eventually.js';
import { type Account, type PublishedShow, signUp } from '../support/fixtures.js';
import { expectData, graphql } from '../support/graphql-client.js';
import { metric } from '../support/metrics.js';
import { buyAndPay, type PaidOrder } from '../support/money.js';
import { jobsOf } from '../support/order-life.js';
import { tryRefund } from '../support/refunds.js';
import { subscribe } from '../support/websocket-client.js';
import { startWorld, type World } from '../support/world.js';
import { clientOf } from './local-stripe-support.js';

let world: World;
let show: PublishedShow;
let seller: Account;
beforeAll(async () => {
  world = await startWorld({ env: { PLATFORM_FEE_PERCENT: '10' } });
  ({ show, seller } = await world.sell({ title: 'Hamlet', tickets: [{ price: 2500, quantity: 1000 }] }));
});
afterAll(async () => world.close());

const state = (order: PaidOrder) => disputedState(world, seller, order);
const shown = (order: PaidOrder) => shownDisputes(world, seller, order);

describe('a dispute', () => {
  it('freezes the attendees, and restores them when it is won', async () => {
    const order = await buyAndPay(world, show, 2);
    const { id } = await world.stripe.openDispute(order.chargeId, { reason: 'product_not_received' });
    await world.stripe.webhooks.idle();
    expect(await state(order)).toEqual(OPEN);
    expect(await shown(order)).toEqual([
      {
        id,
        amount: { amount: 5000, currency: 'USD' },
        reason: 'product_not_received',
        status: 'NEEDS_RESPONSE',
        evidenceDueBy: expect.any(String),
        createdAt: expect.any(String),
        closedAt: null,
      },
    ]);
    await clientOf(world.stripe).disputes.update(id, { evidence: { uncategorized_text: 'They came.' } });
    await world.stripe.webhooks.idle();
    expect(await state(order)).toEqual({ ...OPEN, disputes: ['UNDER_REVIEW'] });
    await world.stripe.closeDispute(id, 'won');
    await world.stripe.webhooks.idle();
    expect(await state(order)).toEqual(WON);
    expect(await shown(order)).toMatchObject([{ closedAt: expect.any(String) }]);
  });

  it('revokes the attendees when it is lost, and the money stays with the buyer', async () => {
    const order = await buyAndPay(world, show, 2);
    const { id } = await world.stripe.openDispute(order.chargeId);
    await world.stripe.closeDispute(id, 'lost');
    await world.stripe.webhooks.idle();
    expect(await state(order)).toEqual(LOST);
  });

  it('leaves the inventory alone', async () => {
    const order = await buyAndPay(world, show, 2);
    const sold = async () =>
      (await world.database.pool.query('select sold from ticket where id = $1', [show.tickets[0]!.id])).rows;
    const before = await sold();
    const { id } = await world.stripe.openDispute(order.chargeId);
    await world.stripe.closeDispute(id, 'lost');
    await world.stripe.webhooks.idle();
    expect(await sold()).toEqual(before);
  });

  it('after a partial refund is about the rest; won, the order is refunded in part again', async () => {
    const order = await buyAndPay(world, show, 2);
    const { rows } = await world.database.pool.query(
      'select id from attendee where order_id = $1 and position = 0',
      [order.orderId],
    );
    const input = { orderId: order.orderId, attendeeIds: [rows[0].id] };
    expectData(await tryRefund(world.server, seller.token, input));
    const { id } = await world.stripe.openDispute(order.chargeId);
    await world.stripe.webhooks.idle();
    const ledger = ['DISPUTE PLATFORM -2500', 'DISPUTE BUYER 2500'];
    expect(await state(order)).toEqual({ ...OPEN, attendees: ['REVOKED', 'FROZEN'], ledger });
    await world.stripe.closeDispute(id, 'won');
    await world.stripe.webhooks.idle();
    expect(await state(order)).toEqual({
      order: 'CONFIRMED + PARTIALLY_REFUNDED',
      attendees: ['REVOKED', 'VALID'],
      disputes: ['WON'],
      ledger: [...ledger, 'DISPUTE_REVERSAL BUYER -2500', 'DISPUTE_REVERSAL PLATFORM 2500'],
    });
  });

  it('is shown to nobody but the team', async () => {
    const order = await buyAndPay(world, show);
    await world.stripe.openDispute(order.chargeId);
    await world.stripe.webhooks.idle();
    const stranger = await signUp(world.server);
    const { accessToken } = order.bought;
    for (const token of [undefined, stranger.token]) {
      const answer = await graphql(world.server, DISPUTES, { id: order.orderId, accessToken }, { token });
      expect(expectData(answer)).toEqual({ order: { disputes: null } });
    }
  });

  it('is told to whoever watches the order', async () => {
    const order = await buyAndPay(world, show);
    const watch = subscribe<{
      orderUpdated: { paymentStatus: string; attendees: Array<{ status: string }> };
    }>(
      world.server,
      `subscription ($id: ID!, $accessToken: String) { orderUpdated(id: $id, accessToken: $accessToken) {
        paymentStatus attendees { status } } }`,
      { id: order.orderId, accessToken: order.bought.accessToken },
    );
    expect((await watch.next()).orderUpdated.paymentStatus).toBe('PAID');
    await world.stripe.openDispute(order.chargeId);
    expect((await watch.next()).orderUpdated).toEqual({
      paymentStatus: 'DISPUTED',
      attendees: [{ status: 'FROZEN' }],
    });
    await watch.close();
  });

  it('raises one alarm and writes one mail, to the owners', async () => {
    const order = await buyAndPay(world, show);
    const opened = () => metric(world.server, 'boxoffice_disputes_opened_total');
    const before = await opened();
    await world.stripe.webhooks.duplicate(3);
    const { id } = await world.stripe.openDispute(order.chargeId);
    await world.stripe.webhooks.idle();
    await world.stripe.webhooks.duplicate(1);
    await eventually('the mail has been sent', async () => (await jobsOf(world, order.orderId)).length === 0);
    const { mailDirectory } = world.server;
    const mails = readdirSync(mailDirectory)
      .map((name) => readFileSync(join(mailDirectory, name), 'utf8'))
      .filter((mail) => mail.includes(`<dispute.${id}.`));
    expect(mails).toHaveLength(1);
    expect(mails[0]).toContain(`To: ${seller.email}`);
    expect(mails[0]).toContain('$25.00');
    const alarms = world.server
      .logs()
      .filter(({ msg, disputeId }) => disputeId === id && String(msg).startsWith('ALARM'));
    expect(await opened()).toBe(before + 1);
    expect(alarms).toMatchObject([{ orderId: order.orderId, disputed: { amount: 2500, currency: 'USD' } }]);
  });

  it('of a payment that is of no order is left alone', async () => {
    const stripe = clientOf(world.stripe);
    const session = await stripe.checkout.sessions.create({
      mode: 'payment',
      line_items: [
        { quantity: 1, price_data: { currency: 'usd', unit_amount: 400, product_data: { name: 'A mug' } } },
      ],
      success_url: 'https://shop.example/',
    });
    const paid = await world.stripe.pay(session.id);
    const intent = await stripe.paymentIntents.retrieve(paid.payment_intent as string);
    const { id } = await world.stripe.openDispute(intent.latest_charge as string);
    await world.stripe.webhooks.idle();
    const { rows } = await world.database.pool.query('select 1 from dispute where id = $1', [id]);
    expect(rows).toEqual([]);
  });
});
