import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { type PublishedShow, purchase, readOrder, signUp, tryPurchase } from '../support/fixtures.js';
import { expectData, expectError, graphql } from '../support/graphql-client.js';
import { hurryJobs, mailsAbout, settlesAs, storedOrder } from '../support/order-life.js';
import { pay, refundsOf, tryRetry } from '../support/refunds.js';
import type { TestServer } from '../support/server.js';
import { sessionIn } from '../support/stripe.js';
import { startWorld, type World } from '../support/world.js';
import { clientOf } from './local-stripe-support.js';

let world: World;
let server: TestServer;
beforeAll(async () => {
  world = await startWorld({ env: { PLATFORM_FEE_PERCENT: '10' } });
  ({ server } = world);
});
afterEach(async () => {
  await world.stripe.faults.clear();
  await world.stripe.holdRefunds(false);
});
afterAll(async () => world.close());

interface Cancellation {
  readonly status: string;
  readonly reason: string | null;
  readonly ordersTotal: number;
  readonly ordersDone: number;
  readonly refundsFailed: number;
  readonly startedAt: string;
  readonly finishedAt: string | null;
}

const FIELDS =
  '{ status cancellation { status reason ordersTotal ordersDone refundsFailed startedAt finishedAt } }';

async function cancelShow(token: string, id: string, reason?: string) {
  const document = `mutation Cancel($id: ID!, $reason: String) { cancelShow(id: $id, reason: $reason) ${FIELDS} }`;
  const answer = await graphql<{ cancelShow: { status: string; cancellation: Cancellation } }>(
    server,
    document,
    { id, reason },
    { token },
  );
  return expectData(answer).cancelShow;
}

async function progress(id: string, token?: string): Promise<Cancellation | null> {
  const document = `query Progress($id: ID!) { show(id: $id) ${FIELDS} }`;
  const answer = await graphql<{ show: { cancellation: Cancellation | null } }>(
    server,
    document,
    { id },
    { token },
  );
  return expectData(answer).show.cancellation;
}

/** Waits until it is done, and goes on with what is to be tried again later at once. */
function done(id: string, token: string): Promise<Cancellation> {
  return eventually(
    `all orders of show ${id} are given back`,
    async () => {
      await world.database.pool.query(
        "update show_cancellation set check_at = now() where status = 'RUNNING' and check_at > now() + interval '5 s' and check_at < now() + interval '1 minute'",
      );
      const cancellation = await progress(id, token);
      return cancellation?.status === 'DONE' && cancellation;
    },
    50_000,
  );
}

const buy = (show: PublishedShow, ticket = 0, quantity = 1) =>
  purchase(server, { showId: show.id, items: [{ ticketId: show.tickets[ticket]!.id, quantity }] });
const buyAndPay = async (show: PublishedShow, ticket = 0) => pay(world, await buy(show, ticket));

async function refundedAtStripe(orderId: string): Promise<number[]> {
  const { payment_intent_id } = await storedOrder(world, orderId);
  const { data } = await clientOf(world.stripe).refunds.list({ payment_intent: payment_intent_id! });
  return data.map(({ amount }) => amount);
}

const sell = () =>
  world.sell({
    tickets: [
      { price: 2500, quantity: 50 },
      { price: 0, quantity: 50 },
    ],
  });

describe('a show that is called off', () => {
  it('ends all its orders: paid ones are refunded, free ones revoked, pending ones ended', async () => {
    const { seller, show } = await sell();
    const paid = await buyAndPay(show);
    const free = await buy(show, 1, 2);
    const pending = await buy(show);
    const called = await cancelShow(seller.token, show.id, 'The singer is ill');
    expect(called).toMatchObject({
      status: 'CANCELLED',
      cancellation: { status: 'RUNNING', reason: 'The singer is ill', ordersTotal: 3, refundsFailed: 0 },
    });
    const items = [{ ticketId: show.tickets[1]!.id, quantity: 1 }];
    expectError(await tryPurchase(server, { showId: show.id, items }), 'SHOW_NOT_ON_SALE');
    expect(await done(show.id, seller.token)).toMatchObject({
      ordersTotal: 3,
      ordersDone: 3,
      refundsFailed: 0,
      finishedAt: expect.any(String),
    });
    await settlesAs(world, paid.order.id, 'CONFIRMED', 'REFUNDED');
    await settlesAs(world, pending.order.id, 'CANCELLED', 'UNPAID');
    await settlesAs(world, free.order.id, 'CONFIRMED', 'NOT_REQUIRED');
    expect(await refundedAtStripe(paid.order.id)).toEqual([2500]);
    for (const bought of [paid, free]) {
      const order = await readOrder(server, bought);
      expect(new Set(order.attendees.map(({ status }) => status))).toEqual(new Set(['REVOKED']));
      const mails = await mailsAbout(world, bought.order.id, 'refund');
      expect(mails).toHaveLength(1);
      expect(mails[0]).toContain('The singer is ill');
    }
    const session = await clientOf(world.stripe).checkout.sessions.retrieve(sessionIn(pending.checkoutUrl));
    expect(session.status).toBe('expired');
    expect(await progress(show.id)).toBeNull();
    expect(await progress(show.id, (await signUp(server)).token)).toBeNull();
  });

  it('answers with the same cancellation when it is called off twice', async () => {
    const { seller, show } = await sell();
    const paid = await buyAndPay(show);
    const [first, second] = await Promise.all([
      cancelShow(seller.token, show.id, 'Fire'),
      cancelShow(seller.token, show.id, 'Fire'),
    ]);
    expect(second.cancellation.startedAt).toBe(first.cancellation.startedAt);
    await done(show.id, seller.token);
    const later = await cancelShow(seller.token, show.id, 'Water');
    expect(later.cancellation).toMatchObject({ reason: 'Fire', startedAt: first.cancellation.startedAt });
    expect(await refundedAtStripe(paid.order.id)).toEqual([2500]);
  });

  it('gives back what is paid in the very moment, too', async () => {
    const { seller, show } = await sell();
    const pending = await buy(show);
    await world.stripe.webhooks.pause();
    await world.stripe.pay(sessionIn(pending.checkoutUrl));
    await cancelShow(seller.token, show.id);
    await done(show.id, seller.token);
    await world.stripe.webhooks.resume('shuffled');
    await world.stripe.webhooks.idle();
    await settlesAs(world, pending.order.id, 'CONFIRMED', 'REFUNDED');
    expect(await refundedAtStripe(pending.order.id)).toEqual([2500]);
  });

  it('waits for payments that are not decided', async () => {
    const { seller, show } = await sell();
    const [decided, declined] = [await buy(show), await buy(show)];
    for (const { checkoutUrl, order } of [decided, declined]) {
      await world.stripe.pay(sessionIn(checkoutUrl), { method: 'delayed' });
      await settlesAs(world, order.id, 'PENDING', 'PROCESSING');
    }
    await cancelShow(seller.token, show.id);
    await eventually('a round is over', async () => {
      const due = 'select check_at > now() as later from show_cancellation where show_id = $1';
      const { rows } = await world.database.pool.query(due, [show.id]);
      return rows[0].later === true;
    });
    expect(await progress(show.id, seller.token)).toMatchObject({ status: 'RUNNING', ordersDone: 0 });
    await world.stripe.settleDelayed(sessionIn(decided.checkoutUrl), 'succeeded');
    await world.stripe.settleDelayed(sessionIn(declined.checkoutUrl), 'failed');
    await settlesAs(world, declined.order.id, 'CANCELLED', 'FAILED');
    await done(show.id, seller.token);
    await settlesAs(world, decided.order.id, 'CONFIRMED', 'REFUNDED');
  });

  it('goes on once Stripe can be reached again', async () => {
    const { seller, show } = await sell();
    const paid = await buyAndPay(show);
    const pending = await buy(show);
    const down = await world.stripe.faults.add({ kind: 'error', status: 503, match: { method: 'POST' } });
    await cancelShow(seller.token, show.id);
    await world.stripe.faults.whenStruck(down.id, 4);
    await world.stripe.faults.clear();
    await done(show.id, seller.token);
    await hurryJobs(world);
    await settlesAs(world, pending.order.id, 'CANCELLED', 'UNPAID');
    await eventually('Stripe has the refund', async () => (await refundedAtStripe(paid.order.id)).length > 0);
    expect(await refundedAtStripe(paid.order.id)).toEqual([2500]);
  });

  it('shows what fails, which can be tried again', async () => {
    const { seller, show } = await sell();
    const paid = await buyAndPay(show);
    await world.stripe.holdRefunds(true);
    await cancelShow(seller.token, show.id);
    await done(show.id, seller.token);
    const { payment_intent_id } = await storedOrder(world, paid.order.id);
    const held = await eventually('Stripe has the refund', async () => {
      const { data } = await clientOf(world.stripe).refunds.list({ payment_intent: payment_intent_id! });
      return data[0];
    });
    await world.stripe.settleRefund(held.id, 'failed');
    const failed = async () => (await progress(show.id, seller.token))?.refundsFailed;
    await eventually('the failure is shown', async () => (await failed()) === 1);
    await world.stripe.holdRefunds(false);
    const [refund] = await refundsOf(server, paid);
    expectData(await tryRetry(server, seller.token, refund!.id));
    expect(await failed()).toBe(0);
    expect(await refundsOf(server, paid)).toMatchObject([{ reason: 'SHOW_CANCELLED', status: 'SUCCEEDED' }]);
  });
});

describe('a server that dies while it gives back', () => {
  it('is taken over by another one, and nobody is refunded twice', async () => {
    const { seller, show } = await sell();
    const paid = await Promise.all(Array.from({ length: 8 }, () => buyAndPay(show)));
    await world.stripe.webhooks.pause();
    const match = { method: 'POST', path: '/v1/refunds' };
    const first = await world.stripe.faults.add({ kind: 'stall', stallMs: 1, match, times: 2 });
    const stall = await world.stripe.faults.add({ kind: 'stall', afterEffect: true, match });
    await cancelShow(seller.token, show.id);
    await world.stripe.faults.whenStruck(first.id, 2);
    await world.stripe.faults.whenStruck(stall.id);
    const { port } = server;
    await server.kill();
    await world.stripe.faults.clear();
    server = await world.addServer({ port });
    // As if the dead one's claim were over.
    await world.database.pool.query('update show_cancellation set check_at = now()');
    await done(show.id, seller.token);
    await world.database.pool.query("update refund set check_at = now() where status = 'PENDING'");
    await hurryJobs(world);
    await world.stripe.webhooks.resume('reversed');
    for (const { order } of paid) {
      await settlesAs(world, order.id, 'CONFIRMED', 'REFUNDED');
      await eventually('Stripe has the refund', async () => (await refundedAtStripe(order.id)).length > 0);
      expect(await refundedAtStripe(order.id)).toEqual([2500]);
    }
  });
});
