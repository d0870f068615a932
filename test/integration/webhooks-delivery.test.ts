import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type PublishedShow, type Purchase, purchase, readOrder } from '../support/fixtures.js';
import { expectData } from '../support/graphql-client.js';
import { metric } from '../support/metrics.js';
import { completeCheckout, counters, mailsAbout, settlesAs, storedOrder } from '../support/order-life.js';
import { traces } from '../support/row-counts.js';
import { hasRedis } from '../support/run.js';
import { sessionIn } from '../support/stripe.js';
import { bodyOf, deliverTo, eventAbout, postWebhook, signature, storedEvents } from '../support/webhooks.js';
import { startWorld, type World } from '../support/world.js';
import { clientOf } from './local-stripe-support.js';

const TIMES = 50;

let world: World;
let show: PublishedShow;
beforeAll(async () => {
  world = await startWorld({ servers: hasRedis ? 2 : 1 });
  ({ show } = await world.sell({ tickets: [{ price: 2500, quantity: 100 }] }));
  await world.stripe.webhooks.idle();
  await world.stripe.webhooks.pause();
});
afterEach(() => world.stripe.faults.clear());
afterAll(async () => world.close());

/** One ticket, paid for; its event was made, and not sent. */
async function buyAndPay(): Promise<{ bought: Purchase; sessionId: string }> {
  const items = [{ ticketId: show.tickets[0]!.id, quantity: 1 }];
  const bought = await purchase(world.server, { showId: show.id, items });
  const sessionId = sessionIn(bought.checkoutUrl);
  await world.stripe.pay(sessionId);
  return { bought, sessionId };
}

/** Everything but the jobs, which end in their own time. */
async function rows() {
  const { jobs: _, ...others } = await traces(world);
  return others;
}

const completed = (sessionId: string) => eventAbout(world, 'checkout.session.completed', sessionId);

describe('an event delivered fifty times at once, to every server process', () => {
  it('is applied once, and answered 2xx each time', async () => {
    const before = await counters(world, show.tickets[0]!.id);
    const { bought, sessionId } = await buyAndPay();
    const event = await completed(sessionId);
    const answers = await Promise.all(
      Array.from({ length: TIMES }, (_, index) =>
        deliverTo(world.servers[index % world.servers.length]!, world, event),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: TIMES }, () => 200));
    expect(await storedEvents(world, event.id)).toMatchObject([
      { outcome: 'applied', deliveries: TIMES, attempts: 1, endpoint: 'platform', order_id: bought.order.id },
    ]);
    expect((await readOrder(world.server, bought)).attendees).toHaveLength(1);
    expect(await counters(world, show.tickets[0]!.id)).toEqual({ ...before, sold: before.sold + 1 });
    expect(await mailsAbout(world, bought.order.id, 'confirmation')).toHaveLength(1);
  });
});

describe('an event that is not ours', () => {
  it('is answered 2xx and ignored when its type is unknown', async () => {
    const { sessionId, bought } = await buyAndPay();
    const event = { ...(await completed(sessionId)), id: 'evt_unknown_type', type: 'something.new' };
    const before = await rows();
    expect((await deliverTo(world.server, world, event)).status).toBe(200);
    expect(await storedEvents(world, event.id)).toMatchObject([{ outcome: 'ignored' }]);
    expect(await rows()).toEqual(before);
    expect((await deliverTo(world.server, world, await completed(sessionId))).status).toBe(200);
    await settlesAs(world, bought.order.id, 'CONFIRMED', 'PAID');
  });

  it('is answered 2xx and ignored when it is of a connected account, whatever order it names', async () => {
    const { sessionId, bought } = await buyAndPay();
    const event = { ...(await completed(sessionId)), id: 'evt_of_a_seller', account: 'acct_seller' };
    const connect = bodyOf(event);
    const header = signature(connect, world.stripe.access.connectWebhookSecret);
    const path = '/webhooks/stripe/connect';
    expect((await postWebhook(world.server, connect, header, path)).status).toBe(200);
    expect(await storedEvents(world, event.id)).toMatchObject([
      { account: 'acct_seller', endpoint: 'connect', outcome: 'ignored' },
    ]);
    expect((await readOrder(world.server, bought)).status).toBe('PENDING');
    // The platform's own event counts, also where its endpoint was configured at the other address.
    const own = bodyOf(await completed(sessionId));
    const ownHeader = signature(own, world.stripe.access.connectWebhookSecret);
    expect((await postWebhook(world.server, own, ownHeader, path)).status).toBe(200);
    await settlesAs(world, bought.order.id, 'CONFIRMED', 'PAID');
  });

  it.each([
    ['without metadata', {}],
    ['with an order_id that is none', { order_id: "' or 1=1 --" }],
    ['with the order_id of nobody', { order_id: '6f1c7a52-4a3e-4f2d-9a63-2d6a9f0d1b11' }],
  ])('is answered 2xx when the session is of somebody else, %s', async (_what, metadata) => {
    const before = await rows();
    const { sessionId } = await someoneElsesSale(metadata);
    const event = await completed(sessionId);
    expect((await deliverTo(world.server, world, event)).status).toBe(200);
    expect(await storedEvents(world, event.id)).toMatchObject([{ outcome: 'ignored' }]);
    expect(await rows()).toEqual(before);
  });

  it('never confirms an order by the session of another sale, whatever its metadata claim', async () => {
    const items = [{ ticketId: show.tickets[0]!.id, quantity: 1 }];
    const bought = await purchase(world.server, { showId: show.id, items });
    const { sessionId } = await someoneElsesSale({ order_id: bought.order.id });
    expect((await deliverTo(world.server, world, await completed(sessionId))).status).toBe(200);
    expect(await readOrder(world.server, bought)).toMatchObject({ status: 'PENDING', attendees: [] });
  });

  it('is refused, and not even stored, when it is of the live mode', async () => {
    const { bought, sessionId } = await buyAndPay();
    const event = await completed(sessionId);
    const before = await rows();
    const refused = await metric(world.server, 'boxoffice_webhooks_total', { outcome: 'wrong_mode' });
    expect((await deliverTo(world.server, world, { ...event, livemode: true })).status).toBe(200);
    expect(await rows()).toEqual(before);
    expect(await storedEvents(world, event.id)).toEqual([]);
    expect(await metric(world.server, 'boxoffice_webhooks_total', { outcome: 'wrong_mode' })).toBe(
      refused + 1,
    );
    expect((await readOrder(world.server, bought)).status).toBe('PENDING');
    expect((await deliverTo(world.server, world, event)).status).toBe(200);
    await settlesAs(world, bought.order.id, 'CONFIRMED', 'PAID');
  });
});

/** A session on the same Stripe account that no order of ours was paid on. */
async function someoneElsesSale(metadata: Record<string, string>): Promise<{ sessionId: string }> {
  const session = await clientOf(world.stripe).checkout.sessions.create({
    mode: 'payment',
    line_items: [
      { quantity: 1, price_data: { currency: 'usd', unit_amount: 2500, product_data: { name: 'A mug' } } },
    ],
    success_url: 'https://shop.example.com/',
    metadata,
  });
  await world.stripe.pay(session.id);
  return { sessionId: session.id };
}

describe('an event that cannot be applied now', () => {
  it('is answered 5xx while Stripe cannot be asked, leaves a trace, and is applied when it comes again', async () => {
    const { bought, sessionId } = await buyAndPay();
    const event = await completed(sessionId);
    const before = await rows();
    await world.stripe.faults.add({ kind: 'reset', match: { method: 'GET' } });
    expect((await deliverTo(world.server, world, event)).status).toBe(503);
    expect(await storedEvents(world, event.id)).toMatchObject([
      { outcome: 'failed', deliveries: 1, attempts: 1, object_id: sessionId, order_id: bought.order.id },
    ]);
    expect(await rows()).toEqual(before);
    await world.stripe.faults.clear();
    expect((await deliverTo(world.server, world, event)).status).toBe(200);
    expect(await storedEvents(world, event.id)).toMatchObject([
      {
        outcome: 'applied',
        deliveries: 2,
        attempts: 2,
        last_error: expect.stringMatching(/cannot be reached/),
      },
    ]);
    await settlesAs(world, bought.order.id, 'CONFIRMED', 'PAID');
  });

  it('is answered 5xx and leaves nothing half-made while the database refuses; it is applied later', async () => {
    const { bought, sessionId } = await buyAndPay();
    const event = await completed(sessionId);
    const before = await rows();
    const { pool } = world.database;
    await pool.query(`create function refuse() returns trigger language plpgsql as
      $$ begin raise exception 'the disk is full'; end $$`);
    await pool.query(
      'create trigger refuse before insert on attendee for each row execute function refuse()',
    );
    expect((await deliverTo(world.server, world, event)).status).toBe(503);
    await pool.query('drop function refuse cascade');
    expect(await storedEvents(world, event.id)).toMatchObject([
      { outcome: 'failed', attempts: 1, last_error: expect.stringMatching(/the disk is full/) },
    ]);
    expect(await rows()).toEqual(before);
    expect((await deliverTo(world.server, world, event)).status).toBe(200);
    await settlesAs(world, bought.order.id, 'CONFIRMED', 'PAID');
    expect(await mailsAbout(world, bought.order.id, 'confirmation')).toHaveLength(1);
  });
});

describe('an order whose session was made, but the answer lost', () => {
  it('is found by the metadata, confirmed, and known by its session from then on', async () => {
    const items = [{ ticketId: show.tickets[0]!.id, quantity: 1 }];
    const bought = await purchase(world.server, { showId: show.id, items });
    const sessionId = sessionIn(bought.checkoutUrl);
    await world.database.pool.query(
      'update orders set checkout_session_id = null, checkout_url = null where id = $1',
      [bought.order.id],
    );
    await world.stripe.pay(sessionId);
    expect((await deliverTo(world.server, world, await completed(sessionId))).status).toBe(200);
    expect(await storedOrder(world, bought.order.id)).toMatchObject({
      status: 'CONFIRMED',
      payment_status: 'PAID',
      checkout_session_id: sessionId,
    });
    const order = expectData(await completeCheckout(world.server, sessionId)).completeCheckout;
    expect(order).toMatchObject({ id: bought.order.id, status: 'CONFIRMED' });
  });
});

describe('while the signing secret is being changed', () => {
  it('takes events under the old and the new one, and under no other', async () => {
    const secrets = ['whsec_new_secret', 'whsec_old_secret'] as const;
    const both = secrets.join(', ');
    const env = { STRIPE_WEBHOOK_SECRET: both, STRIPE_CONNECT_WEBHOOK_SECRET: both };
    const server = await world.addServer({ env });
    for (const secret of secrets) {
      const { bought, sessionId } = await buyAndPay();
      const body = bodyOf(await completed(sessionId));
      expect((await postWebhook(server, body, signature(body, 'whsec_no_secret'))).status).toBe(400);
      expect((await postWebhook(server, body, signature(body, secret))).status).toBe(200);
      await settlesAs(world, bought.order.id, 'CONFIRMED', 'PAID');
      const ofSeller = bodyOf({
        ...(await completed(sessionId)),
        id: `evt_${secret}`,
        account: 'acct_seller',
      });
      const toConnect = (signedBy: string) =>
        postWebhook(server, ofSeller, signature(ofSeller, signedBy), '/webhooks/stripe/connect');
      expect((await toConnect('whsec_no_secret')).status).toBe(400);
      expect((await toConnect(secret)).status).toBe(200);
      expect(await storedEvents(world, `evt_${secret}`)).toMatchObject([{ outcome: 'ignored' }]);
    }
  });
});
