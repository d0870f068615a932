import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { beginReconciling } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { type PublishedShow, purchase } from '../support/fixtures.js';
import { metric } from '../support/metrics.js';
import { endHold, makeDue, settlesAs, storedOrder, withoutOrderChecks } from '../support/order-life.js';
import { hasRedis } from '../support/run.js';
import { sessionIn } from '../support/stripe.js';
import { deliverTo, eventAbout, storedEvents } from '../support/webhooks.js';
import { startWorld, type World } from '../support/world.js';
import { clientOf } from './local-stripe-support.js';

/** A world in which no webhook ever arrives, with the show that is sold there. */
async function deafWorld(env: Readonly<Record<string, string>> = {}) {
  const world = await startWorld({ servers: hasRedis ? 2 : 1, env });
  const { show } = await world.sell({ tickets: [{ price: 2500, quantity: 1_000 }] });
  await world.stripe.webhooks.idle();
  await world.stripe.webhooks.pause();
  return { world, show };
}

async function buy(world: World, show: PublishedShow) {
  const items = [{ ticketId: show.tickets[0]!.id, quantity: 1 }];
  const bought = await purchase(world.server, { showId: show.id, items });
  return { orderId: bought.order.id, sessionId: sessionIn(bought.checkoutUrl) };
}

interface Life {
  readonly what: string;
  readonly live: (world: World, sessionId: string) => Promise<unknown>;
  readonly end: readonly [status: string, paymentStatus: string];
}

const LIVES: readonly Life[] = [
  {
    what: 'paid by card',
    live: ({ stripe }: World, sessionId: string) => stripe.pay(sessionId),
    end: ['CONFIRMED', 'PAID'],
  },
  {
    what: 'paid after a decline',
    async live({ stripe }: World, sessionId: string) {
      await stripe.decline(sessionId);
      await stripe.pay(sessionId);
    },
    end: ['CONFIRMED', 'PAID'],
  },
  {
    what: 'paid by a method that takes its time',
    async live({ stripe }: World, sessionId: string) {
      await stripe.pay(sessionId, { method: 'delayed' });
      await stripe.settleDelayed(sessionId, 'succeeded');
    },
    end: ['CONFIRMED', 'PAID'],
  },
  {
    what: 'paid by a method that took its time and failed',
    async live({ stripe }: World, sessionId: string) {
      await stripe.pay(sessionId, { method: 'delayed' });
      await stripe.settleDelayed(sessionId, 'failed');
    },
    end: ['CANCELLED', 'FAILED'],
  },
  {
    what: 'whose session expired',
    live: ({ stripe }: World, sessionId: string) => stripe.expireSession(sessionId),
    end: ['EXPIRED', 'UNPAID'],
  },
];

async function payByCard({ stripe }: World, sessionId: string) {
  const { payment_intent } = await stripe.pay(sessionId);
  return clientOf(stripe).paymentIntents.retrieve(payment_intent as string);
}

/** What nobody asks an order about that is confirmed: only events tell. */
const LATER_LIVES: readonly Life[] = [
  {
    what: 'paid, and given back in part at Stripe',
    async live(world: World, sessionId: string) {
      const { id } = await payByCard(world, sessionId);
      await clientOf(world.stripe).refunds.create({
        payment_intent: id,
        amount: 1000,
        reverse_transfer: true,
      });
    },
    end: ['CONFIRMED', 'PARTIALLY_REFUNDED'],
  },
  {
    what: 'paid, and disputed',
    async live(world: World, sessionId: string) {
      const { latest_charge } = await payByCard(world, sessionId);
      await world.stripe.openDispute(latest_charge as string);
    },
    end: ['CONFIRMED', 'DISPUTED'],
  },
];

describe('orders whose webhooks never arrive and whose buyers never come back', () => {
  let world: World;
  let show: PublishedShow;
  beforeAll(async () => {
    // Events are not asked for in this world.
    ({ world, show } = await deafWorld());
  });
  afterAll(() => world.close());

  it.each(LIVES)('end right because they are asked about: $what', async ({ live, end }) => {
    const { orderId, sessionId } = await buy(world, show);
    await live(world, sessionId);
    await makeDue(world, orderId);
    await settlesAs(world, orderId, ...end);
  });

  it('end right where the payment was under way when they were last asked about', async () => {
    const { orderId, sessionId } = await buy(world, show);
    await world.stripe.pay(sessionId, { method: 'delayed' });
    await endHold(world, orderId);
    await settlesAs(world, orderId, 'PENDING', 'PROCESSING');
    await world.stripe.settleDelayed(sessionId, 'succeeded');
    // Whoever saw it under way has yet to note when to ask again: asking now may have to be said twice.
    await eventually(
      'the order is confirmed',
      async () => {
        await makeDue(world, orderId);
        return (await storedOrder(world, orderId)).status === 'CONFIRMED';
      },
      30_000,
    );
    await settlesAs(world, orderId, 'CONFIRMED', 'PAID');
    expect(await storedEvents(world)).not.toContainEqual(
      expect.objectContaining({ type: expect.stringMatching(/^checkout/) }),
    );
  });
});

describe('events that never arrive', () => {
  let world: World;
  let show: PublishedShow;
  beforeAll(async () => {
    ({ world, show } = await deafWorld({ RECONCILE_SECONDS: '1' }));
    await withoutOrderChecks(world);
    await beginReconciling(world.database);
  });
  afterEach(() => world.stripe.faults.clear());
  afterAll(() => world.close());

  const found = async () => {
    const each = world.servers.map((server) => metric(server, 'boxoffice_stripe_events_found_total', {}));
    return (await Promise.all(each)).reduce((sum, value) => sum + value, 0);
  };

  it.each([...LIVES, ...LATER_LIVES])(
    'are found by asking for them, and orders end right: $what',
    async ({ live, end }) => {
      const { orderId, sessionId } = await buy(world, show);
      await live(world, sessionId);
      await settlesAs(world, orderId, ...end);
      const events = (await storedEvents(world)).filter(({ order_id }) => order_id === orderId);
      expect(events.length).toBeGreaterThan(0);
      for (const event of events) {
        expect(event).toMatchObject({ endpoint: null, deliveries: 0, attempts: 1 });
      }
    },
  );

  it('are processed once among all processes, and counted', async () => {
    const before = await found();
    const orders: Array<{ readonly orderId: string }> = [];
    for (let count = 0; count < 12; count += 1) {
      const order = await buy(world, show);
      await world.stripe.pay(order.sessionId);
      orders.push(order);
    }
    for (const { orderId } of orders) await settlesAs(world, orderId, 'CONFIRMED', 'PAID');
    const completed = (await storedEvents(world)).filter(
      ({ type, order_id }) =>
        type === 'checkout.session.completed' && orders.some(({ orderId }) => orderId === order_id),
    );
    expect(completed.map(({ attempts }) => attempts)).toEqual(orders.map(() => 1));
    expect((await found()) - before).toBeGreaterThanOrEqual(orders.length);
  });

  it('are found where they fill more than one page of the list', async () => {
    await world.stripe.faults.add({ kind: 'reset', match: { method: 'GET', path: '/v1/events' } });
    const orders: Array<{ readonly orderId: string }> = [];
    for (let batch = 0; batch < 11; batch += 1) {
      const bought = await Promise.all(Array.from({ length: 10 }, () => buy(world, show)));
      await Promise.all(bought.map(({ sessionId }) => world.stripe.pay(sessionId)));
      orders.push(...bought);
    }
    await world.stripe.faults.clear();
    for (const { orderId } of orders) await settlesAs(world, orderId, 'CONFIRMED', 'PAID');
  });

  it('one that arrives late changes nothing any more', async () => {
    const { orderId, sessionId } = await buy(world, show);
    await world.stripe.pay(sessionId);
    await settlesAs(world, orderId, 'CONFIRMED', 'PAID');
    const event = await eventAbout(world, 'checkout.session.completed', sessionId);
    expect((await deliverTo(world.server, world, event)).status).toBe(200);
    expect(await storedEvents(world, event.id)).toMatchObject([
      { outcome: 'applied', deliveries: 1, attempts: 1 },
    ]);
  });

  it('one that failed is tried again, also where nobody sends it any more', async () => {
    const { orderId, sessionId } = await buy(world, show);
    await world.stripe.pay(sessionId);
    const event = await eventAbout(world, 'checkout.session.completed', sessionId);
    await world.stripe.faults.add({ kind: 'reset', match: { method: 'GET' } });
    expect((await deliverTo(world.server, world, event)).status).toBe(503);
    // Long ago: no list that is read again has it.
    await world.database.pool.query(
      "update webhook_event set processed_at = now() - interval '1 hour' where event_id = $1",
      [event.id],
    );
    await world.database.pool.query("update stripe_event_cursor set reached = now() + interval '1 hour'");
    await world.stripe.faults.clear();
    await settlesAs(world, orderId, 'CONFIRMED', 'PAID');
    expect(await storedEvents(world, event.id)).toMatchObject([{ outcome: 'applied', deliveries: 1 }]);
  });
});

describe('accounts of producers whose events never arrive', () => {
  it('are asked about, in turn', async () => {
    const { world, show } = await deafWorld();
    try {
      const { rows } = await world.database.pool.query(
        'select stripe_account_id as id from producer where id = $1',
        [show.producerId],
      );
      const canAcceptPayments = async () => {
        const answer = await world.database.pool.query(
          'select can_accept_payments as can from producer where id = $1',
          [show.producerId],
        );
        return answer.rows[0].can as boolean;
      };
      // A day has passed since it was last asked about, so that its turn comes now.
      const comeRound = () =>
        world.database.pool.query("update producer set stripe_checked_at = now() - interval '1 day'");
      const patience = 30_000;
      await world.stripe.disableCharges(rows[0].id);
      await comeRound();
      await eventually('the sale is shut', async () => !(await canAcceptPayments()), patience);
      await world.stripe.enableCharges(rows[0].id);
      await comeRound();
      await eventually('the sale is open', canAcceptPayments, patience);
    } finally {
      await world.close();
    }
  });
});
