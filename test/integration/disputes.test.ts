import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type Stripe from 'stripe';
import { eventually } from '../support/eventually.js';
import { type Account, type PublishedShow, purchase, signUp } from '../support/fixtures.js';
import { expectData, graphql } from '../support/graphql-client.js';
import { metric } from '../support/metrics.js';
import { attendeeStates, buyAndPay, ledgerOf, type PaidOrder } from '../support/money.js';
import { jobsOf, settlesAs } from '../support/order-life.js';
import { tryRefund } from '../support/refunds.js';
import { sessionIn } from '../support/stripe.js';
import { deliverTo, eventAbout } from '../support/webhooks.js';
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

const DISPUTES = `query ($id: ID!, $accessToken: String) { order(id: $id, accessToken: $accessToken) {
  disputes { id amount { amount currency } reason status evidenceDueBy createdAt closedAt }
} }`;
type Shown = { order: { disputes: Array<Record<string, unknown>> | null } };

async function shown({ orderId }: PaidOrder): Promise<Array<Record<string, unknown>>> {
  const answer = await graphql<Shown>(world.server, DISPUTES, { id: orderId }, { token: seller.token });
  return expectData(answer).order.disputes!;
}

/** Everything that a dispute changes about an order. */
async function state(order: PaidOrder) {
  const { rows } = await world.database.pool.query(
    'select status, payment_status from orders where id = $1',
    [order.orderId],
  );
  return {
    order: `${rows[0].status} + ${rows[0].payment_status}`,
    attendees: await attendeeStates(world, order.orderId),
    disputes: (await shown(order)).map(({ status }) => status),
    ledger: (await ledgerOf(world, order.orderId)).filter((entry) => entry.startsWith('DISPUTE')),
  };
}

const TAKEN = ['DISPUTE PLATFORM -5000', 'DISPUTE BUYER 5000'];
const GIVEN_BACK = ['DISPUTE_REVERSAL BUYER -5000', 'DISPUTE_REVERSAL PLATFORM 5000'];
const OPEN = {
  order: 'CONFIRMED + DISPUTED',
  attendees: ['FROZEN', 'FROZEN'],
  disputes: ['NEEDS_RESPONSE'],
  ledger: TAKEN,
};
const WON = {
  order: 'CONFIRMED + PAID',
  attendees: ['VALID', 'VALID'],
  disputes: ['WON'],
  ledger: [...TAKEN, ...GIVEN_BACK],
};
const LOST = {
  order: 'CONFIRMED + DISPUTED',
  attendees: ['REVOKED', 'REVOKED'],
  disputes: ['LOST'],
  ledger: TAKEN,
};

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

describe('events of a dispute', () => {
  it('that come before those of the payment wait for nothing', async () => {
    await world.stripe.webhooks.idle();
    await world.stripe.webhooks.pause();
    const { order, sessionId } = await buyUnheard();
    const { id } = await world.stripe.openDispute(order.chargeId);
    const event = await eventAbout(world, 'charge.dispute.created', id);
    expect((await deliverTo(world.server, world, event)).status).toBe(200);
    expect(await state(order)).toEqual(OPEN);
    const completed = await eventAbout(world, 'checkout.session.completed', sessionId);
    expect((await deliverTo(world.server, world, completed)).status).toBe(200);
    await world.stripe.webhooks.discardHeld();
    await world.stripe.webhooks.resume();
    expect(await state(order)).toEqual(OPEN);
  });

  it('that never came are made up for by asking', async () => {
    const order = await buyAndPay(world, show, 2);
    const { id } = await world.stripe.openDispute(order.chargeId);
    await world.stripe.webhooks.idle();
    await world.stripe.webhooks.pause();
    await world.stripe.closeDispute(id, 'lost');
    await world.stripe.webhooks.discardHeld();
    await world.stripe.webhooks.resume();
    await world.database.pool.query('update dispute set check_at = now() where id = $1', [id]);
    await eventually(
      'the dispute is known to be lost',
      async () => (await state(order)).disputes[0] === 'LOST',
      60_000,
    );
    expect(await state(order)).toEqual(LOST);
    const { rows } = await world.database.pool.query('select check_at from dispute where id = $1', [id]);
    expect(rows).toEqual([{ check_at: null }]);
  }, 90_000);

  it.each([
    ['won', WON],
    ['lost', LOST],
  ] as const)(
    'in any order, once and twice, end as %s',
    async (outcome, end) => {
      await world.stripe.webhooks.idle();
      await world.stripe.webhooks.pause();
      const types = [
        'created',
        'funds_withdrawn',
        'closed',
        ...(outcome === 'won' ? ['funds_reinstated'] : []),
      ];
      for (const order of permutations(types)) {
        const bought = await confirmedUnheard();
        const { id } = await world.stripe.openDispute(bought.chargeId);
        const half = Math.floor(order.length / 2);
        // The first half comes while the dispute is open, whatever it says; the rest after it is decided.
        const early = await eventAbout(world, 'charge.dispute.created', id);
        for (const type of order.slice(0, half)) await deliver(early, `charge.dispute.${type}`);
        await world.stripe.closeDispute(id, outcome);
        for (const type of [...order.slice(half), ...order]) await deliver(early, `charge.dispute.${type}`);
        expect({ permutation: order, ...(await state(bought)) }).toEqual({ permutation: order, ...end });
      }
      await world.stripe.webhooks.discardHeld();
      await world.stripe.webhooks.resume();
    },
    120_000,
  );

  it('that come all at once do what they do once', async () => {
    await world.stripe.webhooks.idle();
    await world.stripe.webhooks.pause();
    const order = await confirmedUnheard();
    const { id } = await world.stripe.openDispute(order.chargeId);
    await world.stripe.closeDispute(id, 'won');
    const events = (await world.stripe.events()).filter(
      ({ data }) => (data.object as { id?: string }).id === id,
    );
    expect(events.map(({ type }) => type)).toHaveLength(4);
    const answers = await Promise.all(
      [...events, ...events, ...events].map((event) => deliverTo(world.server, world, event)),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(12).fill(200));
    await world.stripe.webhooks.discardHeld();
    await world.stripe.webhooks.resume();
    expect(await state(order)).toEqual(WON);
  });
});

let deliveries = 0;

/** Another event about the same dispute, of this type: it says nothing but which dispute to ask about. */
async function deliver(event: Stripe.Event, type: string): Promise<void> {
  deliveries += 1;
  const answer = await deliverTo(world.server, world, { ...event, id: `evt_${type}_${deliveries}`, type });
  expect(answer.status).toBe(200);
}

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((item, index) =>
    permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]),
  );
}

/** Two tickets, paid for while nothing is heard of it. */
async function buyUnheard(): Promise<{ order: PaidOrder; sessionId: string }> {
  const items = [{ ticketId: show.tickets[0]!.id, quantity: 2 }];
  const bought = await purchase(world.server, { showId: show.id, items });
  const sessionId = sessionIn(bought.checkoutUrl);
  const paid = await world.stripe.pay(sessionId);
  const intent = await clientOf(world.stripe).paymentIntents.retrieve(paid.payment_intent as string);
  const order = {
    bought,
    orderId: bought.order.id,
    paymentIntentId: intent.id,
    chargeId: intent.latest_charge as string,
  };
  return { order, sessionId };
}

/** The same, with what confirms it delivered by hand. */
async function confirmedUnheard(): Promise<PaidOrder> {
  const { order, sessionId } = await buyUnheard();
  await deliverTo(world.server, world, await eventAbout(world, 'checkout.session.completed', sessionId));
  await settlesAs(world, order.orderId, 'CONFIRMED', 'PAID');
  return order;
}
