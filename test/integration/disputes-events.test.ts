import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type Stripe from 'stripe';
import { disputedState, LOST, OPEN, WON } from '../support/disputes.js';
import { eventually } from '../support/eventually.js';
import { type Account, type PublishedShow, purchase } from '../support/fixtures.js';
import { buyAndPay, type PaidOrder } from '../support/money.js';
import { settlesAs } from '../support/order-life.js';
import { sessionIn } from '../support/stripe.js';
import { deliverTo, eventAbout } from '../support/webhooks.js';
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
