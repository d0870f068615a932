import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type Stripe from 'stripe';
import { type PublishedShow, purchase, readOrder } from '../support/fixtures.js';
import { counters, mailsAbout, storedOrder } from '../support/order-life.js';
import { sessionIn } from '../support/stripe.js';
import { deliverTo, eventAbout } from '../support/webhooks.js';
import { startWorld, type World } from '../support/world.js';

const RUNS = 12;

let world: World;
let show: PublishedShow;
beforeAll(async () => {
  world = await startWorld();
  ({ show } = await world.sell({ tickets: [{ price: 2500, quantity: 1000 }] }));
  await world.stripe.webhooks.idle();
  await world.stripe.webhooks.pause();
});
afterAll(async () => world.close());

const sold = async () => (await counters(world, show.tickets[0]!.id)).sold;

async function buyOne() {
  const items = [{ ticketId: show.tickets[0]!.id, quantity: 1 }];
  const bought = await purchase(world.server, { showId: show.id, items });
  return { bought, sessionId: sessionIn(bought.checkoutUrl) };
}

/** What a stale or repeated delivery would say of the session: the type is old news, the id its own. */
const stale = (event: Stripe.Event, type: string) => ({ ...event, id: `${event.id}_${type}`, type });

/** Which of the events come, in which order; each may come more than once. */
const deliveries = (count: number) =>
  fc
    .array(fc.nat(count - 1), { maxLength: 4 })
    .chain((repeated) =>
      fc.shuffledSubarray([...Array(count).keys(), ...repeated], { minLength: count + repeated.length }),
    );

const TYPES = [
  'checkout.session.completed',
  'checkout.session.expired',
  'checkout.session.async_payment_failed',
  'checkout.session.async_payment_succeeded',
];

describe('events that come in any order, repeated, stale and some after others', () => {
  it('leave a paid order CONFIRMED + PAID', async () => {
    await fc.assert(
      fc.asyncProperty(deliveries(TYPES.length), async (order) => {
        const before = await sold();
        const { bought, sessionId } = await buyOne();
        await world.stripe.pay(sessionId);
        const event = await eventAbout(world, 'checkout.session.completed', sessionId);
        for (const index of order) {
          expect((await deliverTo(world.server, world, stale(event, TYPES[index]!))).status).toBe(200);
        }
        expect(await readOrder(world.server, bought)).toMatchObject({
          status: 'CONFIRMED',
          paymentStatus: 'PAID',
          attendees: [{ status: 'VALID' }],
        });
        expect(await sold()).toBe(before + 1);
        expect(await mailsAbout(world, bought.order.id, 'confirmation')).toHaveLength(1);
      }),
      { numRuns: RUNS },
    );
  });

  it('leave an order whose time ran out EXPIRED + UNPAID, its ticket given back once', async () => {
    await fc.assert(
      fc.asyncProperty(deliveries(TYPES.length), async (order) => {
        const before = await counters(world, show.tickets[0]!.id);
        const { bought, sessionId } = await buyOne();
        await world.stripe.expireSession(sessionId);
        const event = await eventAbout(world, 'checkout.session.expired', sessionId);
        for (const index of order) {
          expect((await deliverTo(world.server, world, stale(event, TYPES[index]!))).status).toBe(200);
        }
        expect(await storedOrder(world, bought.order.id)).toMatchObject({
          status: 'EXPIRED',
          payment_status: 'UNPAID',
        });
        expect(await counters(world, show.tickets[0]!.id)).toEqual(before);
      }),
      { numRuns: RUNS },
    );
  });

  it('follow the bank’s decision, wherever it falls among the deliveries', async () => {
    const outcomes = fc.constantFrom('succeeded' as const, 'failed' as const);
    await fc.assert(
      fc.asyncProperty(
        deliveries(TYPES.length),
        fc.nat(TYPES.length),
        outcomes,
        async (order, at, outcome) => {
          const { bought, sessionId } = await buyOne();
          await world.stripe.pay(sessionId, { method: 'delayed' });
          const event = await eventAbout(world, 'checkout.session.completed', sessionId);
          for (const [place, index] of order.entries()) {
            if (place === at) await world.stripe.settleDelayed(sessionId, outcome);
            await deliverTo(world.server, world, stale(event, TYPES[index]!));
          }
          if (at >= order.length) await world.stripe.settleDelayed(sessionId, outcome);
          const type = `checkout.session.async_payment_${outcome}`;
          await deliverTo(world.server, world, await eventAbout(world, type, sessionId));
          const order_ = await storedOrder(world, bought.order.id);
          expect(`${order_.status} + ${order_.payment_status}`).toBe(
            outcome === 'succeeded' ? 'CONFIRMED + PAID' : 'CANCELLED + FAILED',
          );
        },
      ),
      { numRuns: RUNS },
    );
  });
});
