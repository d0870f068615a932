import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type Stripe from 'stripe';
import { clientOf } from '../integration/local-stripe-support.js';
import { type PublishedShow, type Purchase, purchase } from '../support/fixtures.js';
import { counters } from '../support/order-life.js';
import { hasRedis } from '../support/run.js';
import { sessionIn } from '../support/stripe.js';
import { deliverTo } from '../support/webhooks.js';
import { startWorld, type World } from '../support/world.js';

/** What Stripe tells of a life: paid late by a delayed method, a part given back, disputed, and the dispute won. */
const EVENTS = [
  'checkout.session.completed',
  'checkout.session.async_payment_succeeded',
  'charge.refunded',
  'charge.dispute.created',
  'charge.dispute.closed',
] as const;
type EventType = (typeof EVENTS)[number];

const PRICE = 2500;
const GIVEN_BACK = 1000;
const FEE_PERCENT = 10;
/** How many orders are brought to the end of their life at Stripe, or told of it, at the same time. */
const AT_ONCE = 12;

/** One way for an order to hear of its life; `doubled`: each event reaches both processes at once. */
interface Case {
  readonly order: readonly EventType[];
  readonly doubled: boolean;
}

function permutations<Item>(items: readonly Item[]): Item[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((first, index) =>
    permutations(items.toSpliced(index, 1)).map((others) => [first, ...others]),
  );
}

const CASES: readonly Case[] = permutations(EVENTS).flatMap((order) => [
  { order, doubled: false },
  { order, doubled: true },
]);

let world: World;
let show: PublishedShow;
beforeAll(async () => {
  world = await startWorld({
    servers: hasRedis ? 2 : 1,
    // What is not delivered here is not heard of.
    env: { PLATFORM_FEE_PERCENT: String(FEE_PERCENT), WORKER: 'off' },
  });
  ({ show } = await world.sell({ tickets: [{ price: PRICE, quantity: CASES.length * 2 }] }));
  await world.stripe.webhooks.idle();
  await world.stripe.webhooks.pause();
});
afterAll(async () => world.close());

/** Runs the work for all items, a few at a time. */
async function forAll<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  const oneAfterTheOther = async () => {
    for (let index = next++; index < items.length; index = next++) {
      results[index] = await work(items[index]!);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, oneAfterTheOther));
  return results;
}

/** An order whose whole life has happened at Stripe, and that has heard nothing of it. */
async function liveAtStripe(): Promise<Purchase> {
  const items = [{ ticketId: show.tickets[0]!.id, quantity: 2 }];
  const bought = await purchase(world.server, { showId: show.id, items });
  const sessionId = sessionIn(bought.checkoutUrl);
  await world.stripe.pay(sessionId, { method: 'delayed' });
  const { payment_intent } = await world.stripe.settleDelayed(sessionId, 'succeeded');
  const client = clientOf(world.stripe);
  const refund = await client.refunds.create({
    payment_intent: payment_intent as string,
    amount: GIVEN_BACK,
    reverse_transfer: true,
    refund_application_fee: true,
  });
  const dispute = await world.stripe.openDispute(refund.charge as string);
  await world.stripe.closeDispute(dispute.id, 'won');
  return bought;
}

/** Of every order the five events, by the session or the payment that they are about. */
async function eventsByOrder(orders: readonly Purchase[]): Promise<Map<EventType, Stripe.Event>[]> {
  const sessions = await Promise.all(
    orders.map(({ checkoutUrl }) =>
      clientOf(world.stripe).checkout.sessions.retrieve(sessionIn(checkoutUrl)),
    ),
  );
  const indexOf = new Map<unknown, number>();
  for (const [index, { id, payment_intent }] of sessions.entries()) {
    indexOf.set(id, index).set(payment_intent, index);
  }
  const found = orders.map(() => new Map<EventType, Stripe.Event>());
  for (const event of await world.stripe.events()) {
    const { id, payment_intent } = event.data.object as { id: string; payment_intent?: string };
    const index = indexOf.get(id) ?? indexOf.get(payment_intent);
    const type = EVENTS.find((each) => each === event.type);
    if (index !== undefined && type !== undefined) found[index]!.set(type, event);
  }
  return found;
}

/** @returns how each delivery was answered */
async function tell(
  { order, doubled }: Case,
  events: ReadonlyMap<EventType, Stripe.Event>,
): Promise<number[]> {
  const answers: number[] = [];
  for (const type of order) {
    const processes = doubled ? [world.server, world.servers.at(-1)!] : [world.server];
    const told = processes.map((server) => deliverTo(server, world, events.get(type)!));
    answers.push(...(await Promise.all(told)).map(({ status }) => status));
  }
  return answers;
}

/** Everything that an order's events can change. */
async function statesOf(orders: readonly Purchase[]): Promise<unknown[]> {
  const { rows } = await world.database.pool.query(
    `select orders.id, orders.status, orders.payment_status,
       array(select status from attendee where order_id = orders.id) as attendees,
       (select sum(restocked)::int from order_line where order_id = orders.id) as restocked,
       array(select kind || ' ' || account || ' ' || amount from ledger_entry
         where order_id = orders.id order by kind, account) as ledger,
       array(select reason || ' ' || status || ' ' || amount from refund where order_id = orders.id) as refunds,
       array(select status || ' ' || amount from dispute where order_id = orders.id) as disputes,
       (select count(*)::int from webhook_event
         where order_id = orders.id and outcome in ('applied', 'ignored')) as events,
       array(select task.identifier from graphile_worker._private_jobs job
         join graphile_worker._private_tasks task on task.id = job.task_id
         where job.payload->>'orderId' = orders.id::text order by task.identifier) as jobs
     from orders`,
  );
  const byId = new Map(rows.map(({ id, ...state }) => [id, state]));
  return orders.map(({ order }) => byId.get(order.id));
}

/** What every one of them ends as, amounts in minor units. */
const END = {
  status: 'CONFIRMED',
  payment_status: 'PARTIALLY_REFUNDED',
  attendees: ['VALID', 'VALID'],
  restocked: 0,
  ledger: [
    'APPLICATION_FEE PLATFORM 500',
    'APPLICATION_FEE PRODUCER -500',
    'APPLICATION_FEE_REFUND PLATFORM -100',
    'APPLICATION_FEE_REFUND PRODUCER 100',
    'CHARGE BUYER -5000',
    'CHARGE PLATFORM 5000',
    'DISPUTE BUYER 4000',
    'DISPUTE PLATFORM -4000',
    'DISPUTE_REVERSAL BUYER -4000',
    'DISPUTE_REVERSAL PLATFORM 4000',
    'REFUND BUYER 1000',
    'REFUND PLATFORM -1000',
    'TRANSFER PLATFORM -5000',
    'TRANSFER PRODUCER 5000',
    'TRANSFER_REVERSAL PLATFORM 1000',
    'TRANSFER_REVERSAL PRODUCER -1000',
  ],
  refunds: ['AT_STRIPE SUCCEEDED 1000'],
  disputes: ['WON 4000'],
  events: EVENTS.length,
  jobs: ['attribute-transfer', 'send-order-confirmation'],
};

describe(`five events of one order's life, in each of their ${CASES.length / 2} orders, once and doubled`, () => {
  it('are all answered 200, and leave the same behind', async () => {
    const orders = await forAll(CASES, liveAtStripe);
    const events = await eventsByOrder(orders);
    const answers = await forAll([...CASES.keys()], (index) => tell(CASES[index]!, events[index]!));
    expect(answers.flat().filter((status) => status !== 200)).toEqual([]);
    expect(answers.flat()).toHaveLength(CASES.length * EVENTS.length * 1.5);
    for (const state of await statesOf(orders)) expect(state).toEqual(END);
    expect(await counters(world, show.tickets[0]!.id)).toMatchObject({ held: 0, sold: CASES.length * 2 });
  }, 300_000);
});
