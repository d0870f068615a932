import { randomUUID } from 'node:crypto';
import { eventually } from '../support/eventually.js';
import { type Purchase, type PurchaseInput, purchase, readOrder } from '../support/fixtures.js';
import { endHold, type GivenUp, jobsOf, settlesAs } from '../support/order-life.js';
import { sessionIn } from '../support/stripe.js';
import { eventAbout } from '../support/webhooks.js';
import type { CrashWorld } from './crash-world.js';

/** One buyer, from the purchase to the end. */
export interface Subject {
  input: PurchaseInput & { readonly email: string };
  /** What the buyer was answered; absent where the purchase is what the process dies in. */
  bought?: Purchase;
  /** What the buyer was told of an order whose page could not be made. */
  givenUp?: GivenUp;
  /** What Stripe calls the dispute of its payment, where there is one. */
  disputeId?: string;
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

export const sessionOf = ({ bought }: Subject) => sessionIn(bought!.checkoutUrl);

export async function buy({ server }: CrashWorld, subject: Subject): Promise<void> {
  subject.bought = await purchase(server, subject.input);
}

/** Buys, and lets no event of Stripe's through from then on. */
export async function buyUnheard(world: CrashWorld, subject: Subject): Promise<void> {
  await buy(world, subject);
  await world.stripe.webhooks.pause();
}

export async function payUnheard(world: CrashWorld, subject: Subject): Promise<void> {
  await buyUnheard(world, subject);
  await world.stripe.pay(sessionOf(subject));
}

/** Delivers the newest event of this type about an object of Stripe's, by default the order's session, and no other. */
export async function deliverNewest(
  world: CrashWorld,
  subject: Subject,
  type: string,
  about = sessionOf(subject),
): Promise<void> {
  const { id } = await eventAbout(world, type, about);
  await world.stripe.webhooks.deliver([id]);
}

export const loseEvents = ({ stripe }: CrashWorld) => stripe.webhooks.discardHeld();

/** Waits until the order is so, and nothing is left to do for it. */
export async function isDoneAs(world: CrashWorld, { bought }: Subject, state: string): Promise<void> {
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

export async function timeRunsOut(world: CrashWorld, subject: Subject): Promise<void> {
  const orderId = await orderIdOf(world, subject);
  if (orderId !== undefined) await endHold(world, orderId);
}

/** Buys and pays, and lets no event of Stripe's through from the confirmation on. */
export async function becomeConfirmed(world: CrashWorld, subject: Subject): Promise<void> {
  await buy(world, subject);
  await world.stripe.pay(sessionOf(subject));
  await isDoneAs(world, subject, 'CONFIRMED + PAID');
  await world.stripe.webhooks.idle();
  await world.stripe.webhooks.pause();
  subject.bought = { ...subject.bought!, order: await readOrder(world.server, subject.bought!) };
}
