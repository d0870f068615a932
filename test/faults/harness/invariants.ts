import type pg from 'pg';
import type Stripe from 'stripe';
import { auditFailure, type Charge, chargesAt } from '../../../bench/onsale/checks.js';
import { clientOf } from '../../integration/local-stripe-support.js';
import type { TestStripe } from '../../support/stripe.js';
import type { Journal, Told } from './journal.js';

/** What is compared at the end of every run, in the words of the report. */
export const INVARIANTS = [
  'counters equal rows',
  'held + sold <= quantity',
  'every acknowledged order exists',
  'one order per key',
  'one session per attempt',
  'paid at Stripe => confirmed or refunded',
  'ledger sums to zero',
  'holds end in time',
  'subscribers end on the truth',
] as const;

interface StoredOrder {
  readonly id: string;
  readonly email: string;
  readonly status: string;
  readonly payment_status: string;
  readonly total_amount: number;
  readonly attendees: number;
}

/** What everybody says: the database, Stripe, and the buyers. */
export interface Witnesses {
  readonly pool: pg.Pool;
  readonly stripe: TestStripe;
  readonly journal: Journal;
}

/** @returns a sentence for everything that must not be so at any instant, also while much is under way */
export async function contradictionsNow({ pool, stripe, journal }: Witnesses): Promise<string[]> {
  const audit = await auditFailure(pool);
  return [
    ...(audit === undefined ? [] : [audit]),
    ...journal.surprises,
    ...doubleOrders(await storedOrders(pool)),
    ...doubleSessions(await sessionsAt(stripe)),
  ];
}

/** @returns a sentence for everything that contradicts what buyers were told, or Stripe, once nothing is left to do */
export async function contradictions(witnesses: Witnesses): Promise<string[]> {
  const { pool, stripe, journal } = witnesses;
  const orders = await storedOrders(pool);
  const byId = new Map(orders.map((order) => [order.id, order]));
  const charges = await chargesAt(stripe.url, stripe.secretKey);
  return [
    ...(await contradictionsNow(witnesses)),
    ...journal.told.flatMap((told) => brokenWord(told, byId.get(told.orderId))),
    ...charges.flatMap((charge) => brokenCharge(charge, byId.get(charge.orderId))),
    ...uncharged(orders, charges),
    ...openSessions(await sessionsAt(stripe), byId),
  ];
}

async function storedOrders(pool: pg.Pool): Promise<StoredOrder[]> {
  const { rows } = await pool.query<StoredOrder>(
    `select id, email, status, payment_status, total_amount,
       (select count(*)::int from attendee where order_id = orders.id and status = 'VALID') as attendees
     from orders`,
  );
  return rows;
}

async function sessionsAt(stripe: TestStripe): Promise<Stripe.Checkout.Session[]> {
  const sessions: Stripe.Checkout.Session[] = [];
  for await (const session of clientOf(stripe).checkout.sessions.list({ limit: 100 })) sessions.push(session);
  return sessions;
}

function brokenWord(told: Told, order: StoredOrder | undefined): string[] {
  const what = `order ${told.orderId}, of which its buyer was told`;
  if (order === undefined) return [`${what}, does not exist`];
  const now = `is ${order.status} + ${order.payment_status} with ${order.attendees} attendees`;
  const entered = order.status === 'CONFIRMED' && order.attendees === told.quantity;
  if (told.status === 'CONFIRMED' && !entered) return [`${what} that it is confirmed, ${now}`];
  if (told.paid && !entered && order.payment_status !== 'REFUNDED') return [`${what} and who paid, ${now}`];
  if (told.cancelled && order.status !== 'CANCELLED') return [`${what} that it is cancelled, ${now}`];
  return [];
}

/** Every buyer of ours has an address of its own, and wants one purchase, however often it has to ask. */
function doubleOrders(orders: readonly StoredOrder[]): string[] {
  const live = orders.filter(({ status }) => status === 'CONFIRMED' || status === 'PENDING');
  const byBuyer = Map.groupBy(live, ({ email }) => email);
  return [...byBuyer]
    .filter(([, own]) => own.length > 1)
    .map(([, own]) => `one purchase made ${own.length} orders: ${own.map(({ id }) => id).join(', ')}`);
}

function brokenCharge({ orderId, amount, refunded }: Charge, order: StoredOrder | undefined): string[] {
  const kept = order?.status === 'CONFIRMED' && order.payment_status === 'PAID' && refunded === 0;
  const returned = order !== undefined && order.status !== 'CONFIRMED' && refunded === amount;
  if ((kept && amount === order.total_amount) || returned) return [];
  return [
    `Stripe took ${amount} and gave ${refunded} back for order ${orderId}, which is ${order?.status} + ${order?.payment_status}`,
  ];
}

function uncharged(orders: readonly StoredOrder[], charges: readonly Charge[]): string[] {
  const counts = new Map<string, number>();
  for (const { orderId } of charges) counts.set(orderId, (counts.get(orderId) ?? 0) + 1);
  return orders
    .filter(({ status, total_amount: total }) => status === 'CONFIRMED' && total > 0)
    .filter(({ id }) => counts.get(id) !== 1)
    .map(({ id }) => `order ${id} is confirmed, with ${counts.get(id) ?? 0} charges at Stripe`);
}

function openSessions(
  sessions: readonly Stripe.Checkout.Session[],
  orders: ReadonlyMap<string, StoredOrder>,
): string[] {
  return sessions
    .map((session) => ({ session, order: orders.get(session.client_reference_id ?? '') }))
    .filter(({ session, order }) => session.status === 'open' && order?.status !== 'PENDING')
    .map(({ session, order }) => `session ${session.id} can still be paid; its order is ${order?.status}`);
}

function doubleSessions(sessions: readonly Stripe.Checkout.Session[]): string[] {
  const attempts = Map.groupBy(
    sessions,
    ({ client_reference_id: id, metadata }) => `${id}, attempt ${metadata?.checkout_attempt ?? 1},`,
  );
  return [...attempts]
    .filter(([, own]) => own.length > 1)
    .map(([attempt, own]) => `order ${attempt} has ${own.length} sessions at Stripe`);
}
