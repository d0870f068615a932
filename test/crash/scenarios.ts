import { randomUUID } from 'node:crypto';
import { eventually } from '../support/eventually.js';
import { type Purchase, type PurchaseInput, purchase } from '../support/fixtures.js';
import { cancelAsBuyer, completeCheckout, endHold, jobsOf, settlesAs } from '../support/order-life.js';
import { sessionIn } from '../support/stripe.js';
import { eventAbout } from '../support/webhooks.js';
import type { CrashWorld } from './crash-world.js';

/** One buyer, from the purchase to the end. */
export interface Subject {
  readonly input: PurchaseInput & { readonly email: string };
  /** What the buyer was answered; absent where the purchase is what the process dies in. */
  bought?: Purchase;
}

export interface Scenario {
  readonly name: string;
  /** What is bought; `paid` unless given. */
  readonly ticket?: 'free';
  /** Up to the part that the process dies in. */
  prepare?(world: CrashWorld, subject: Subject): Promise<void>;
  /** The part that the process dies in, until nothing more follows from it; fails if the process does. */
  act(world: CrashWorld, subject: Subject): Promise<void>;
  /** What the world outside does when the process is back. */
  afterwards?(world: CrashWorld, subject: Subject): Promise<void>;
  /** As which the order may end, of which Stripe and the database must then agree; `none`: it was never made. */
  readonly ends: readonly string[];
}

/** How long a step of the background may take on a busy machine, in milliseconds. */
const PATIENCE_MS = 60_000;

export function newSubject({ show }: CrashWorld, ticket?: 'free'): Subject {
  const ticketId = show.tickets[ticket === 'free' ? 1 : 0]!.id;
  return {
    input: {
      showId: show.id,
      items: [{ ticketId, quantity: 2 }],
      email: `${randomUUID()}@example.com`,
      idempotencyKey: randomUUID(),
    },
  };
}

const sessionOf = ({ bought }: Subject) => sessionIn(bought!.checkoutUrl);

async function buy({ server }: CrashWorld, subject: Subject): Promise<void> {
  subject.bought = await purchase(server, subject.input);
}

/** Buys, and lets no event of Stripe's through from then on. */
async function buyUnheard(world: CrashWorld, subject: Subject): Promise<void> {
  await buy(world, subject);
  await world.stripe.webhooks.pause();
}

async function payUnheard(world: CrashWorld, subject: Subject): Promise<void> {
  await buyUnheard(world, subject);
  await world.stripe.pay(sessionOf(subject));
}

/** Delivers the newest event of this type about the order's session, and no other. */
async function deliverNewest(world: CrashWorld, subject: Subject, type: string): Promise<void> {
  const { id } = await eventAbout(world, type, sessionOf(subject));
  await world.stripe.webhooks.deliver([id]);
}

const loseEvents = ({ stripe }: CrashWorld) => stripe.webhooks.discardHeld();

/** Waits until the order is so, and nothing is left to do for it. */
async function isDoneAs(world: CrashWorld, { bought }: Subject, state: string): Promise<void> {
  const [status, payment] = state.split(' + ') as [string, string];
  await settlesAs(world, bought!.order.id, status, payment);
  await eventually(
    `the jobs of order ${bought!.order.id} are done`,
    async () => (await jobsOf(world, bought!.order.id)).length === 0,
    PATIENCE_MS,
  );
}

async function orderIdOf({ database }: CrashWorld, { input }: Subject): Promise<string | undefined> {
  const { rows } = await database.pool.query('select id from orders where email = $1', [input.email]);
  return rows[0]?.id;
}

async function timeRunsOut(world: CrashWorld, subject: Subject): Promise<void> {
  const orderId = await orderIdOf(world, subject);
  if (orderId !== undefined) await endHold(world, orderId);
}

const PAID = 'CONFIRMED + PAID';

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'a purchase that its buyer sends again, and pays',
    act: buy,
    async afterwards(world, subject) {
      await buy(world, subject);
      await world.stripe.pay(sessionOf(subject));
    },
    ends: [PAID],
  },
  {
    name: 'a purchase whose buyer does not come back',
    act: buy,
    afterwards: timeRunsOut,
    ends: ['none', 'EXPIRED + UNPAID', 'CANCELLED + UNPAID'],
  },
  {
    name: 'the event of a payment, and the mail',
    prepare: payUnheard,
    async act(world, subject) {
      await deliverNewest(world, subject, 'checkout.session.completed');
      await isDoneAs(world, subject, PAID);
    },
    ends: [PAID],
  },
  {
    name: 'a buyer who comes back from paying, where events are lost',
    prepare: payUnheard,
    async act({ server }, subject) {
      await completeCheckout(server, sessionOf(subject));
    },
    afterwards: async (world) => void (await loseEvents(world)),
    ends: [PAID],
  },
  {
    name: 'an order that its buyer cancels',
    prepare: buyUnheard,
    async act({ server }, { bought }) {
      await cancelAsBuyer(server, bought!);
    },
    async afterwards(world, subject) {
      await loseEvents(world);
      await timeRunsOut(world, subject);
    },
    ends: ['CANCELLED + UNPAID', 'EXPIRED + UNPAID'],
  },
  {
    name: 'a hold whose time runs out',
    prepare: buyUnheard,
    async act(world, subject) {
      await timeRunsOut(world, subject);
      await isDoneAs(world, subject, 'EXPIRED + UNPAID');
    },
    afterwards: async (world) => void (await loseEvents(world)),
    ends: ['EXPIRED + UNPAID'],
  },
  {
    name: 'a delayed payment that fails',
    async prepare(world, subject) {
      await buy(world, subject);
      await world.stripe.pay(sessionOf(subject), { method: 'delayed' });
      await settlesAs(world, subject.bought!.order.id, 'PENDING', 'PROCESSING');
      await world.stripe.webhooks.idle();
      await world.stripe.webhooks.pause();
      await world.stripe.settleDelayed(sessionOf(subject), 'failed');
    },
    async act(world, subject) {
      await deliverNewest(world, subject, 'checkout.session.async_payment_failed');
      await isDoneAs(world, subject, 'CANCELLED + FAILED');
    },
    ends: ['CANCELLED + FAILED'],
  },
  {
    name: 'money that comes after the buyer has cancelled',
    async prepare(world, subject) {
      await buyUnheard(world, subject);
      await cancelAsBuyer(world.server, subject.bought!);
      await loseEvents(world);
      await world.stripe.pay(sessionOf(subject), { afterExpiry: true });
    },
    async act(world, subject) {
      await deliverNewest(world, subject, 'checkout.session.completed');
      await isDoneAs(world, subject, 'CANCELLED + REFUNDED');
    },
    ends: ['CANCELLED + REFUNDED'],
  },
  {
    name: 'money that comes after the hold ended, while there are tickets left',
    async prepare(world, subject) {
      await buyUnheard(world, subject);
      await world.stripe.expireSession(sessionOf(subject));
      await timeRunsOut(world, subject);
      await isDoneAs(world, subject, 'EXPIRED + UNPAID');
      await loseEvents(world);
      await world.stripe.pay(sessionOf(subject), { afterExpiry: true });
    },
    async act(world, subject) {
      await deliverNewest(world, subject, 'checkout.session.completed');
    },
    ends: [PAID],
  },
  {
    name: 'a free purchase that its buyer sends again',
    ticket: 'free',
    act: buy,
    afterwards: buy,
    ends: ['CONFIRMED + NOT_REQUIRED'],
  },
];
