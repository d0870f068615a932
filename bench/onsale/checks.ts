import type pg from 'pg';
import Stripe from 'stripe';
import { auditInventory } from '../../dev/audit.js';
import { OperationFailed } from './http.js';
import type { PaidOrder, SettleResult } from './jobs.js';

export interface DatabaseOrder {
  readonly id: string;
  readonly status: string;
  readonly paymentStatus: string;
  /** In cents. */
  readonly total: number;
  readonly attendees: number;
}

/** What Stripe has taken, of one order. */
export interface Charge {
  readonly orderId: string;
  /** In cents, and what went back of it. */
  readonly amount: number;
  readonly refunded: number;
}

/** What everybody says of the sale once it is over. */
export interface Testimony {
  readonly orders: readonly DatabaseOrder[];
  readonly charges: readonly Charge[];
  /** What buyers know to have paid for. */
  readonly paid: readonly PaidOrder[];
  readonly sold: number;
  /** How many tickets there were. */
  readonly quantity: number;
  readonly subscribers: readonly SettleResult[];
  /** Failures by operation and code. */
  readonly errors: Readonly<Record<string, number>>;
}

/** What a client has to be ready for while everyone wants the same ticket. */
const EXPECTED_CODES = ['SOLD_OUT', 'INVENTORY_BUSY', 'PAYMENT_PROVIDER_UNAVAILABLE'];

/** @returns a sentence for each promise that was broken; empty where all were kept */
export function brokenPromises(testimony: Testimony): string[] {
  return [
    ...brokenSale(testimony),
    ...testimony.charges.flatMap((charge) => brokenCharge(charge, testimony.orders)),
    ...testimony.orders.flatMap((order) => brokenOrder(order, testimony.charges)),
    ...testimony.paid.flatMap((paid) => brokenPurchase(paid, testimony.orders)),
    ...testimony.subscribers.flatMap(({ watching, wrong, example }) =>
      wrong === 0 ? [] : [`${wrong} of ${watching} subscribers ended up wrong: one ${example}.`],
    ),
    ...Object.entries(testimony.errors)
      .filter(([name]) => !EXPECTED_CODES.includes(name.split(' ').at(-1) as string))
      .map(([name, count]) => `${count} times: ${name}.`),
  ];
}

function brokenSale({ sold, quantity, orders }: Testimony): string[] {
  const admitted = orders.reduce((sum, { attendees }) => sum + attendees, 0);
  return [
    ...(sold === quantity ? [] : [`${sold} of ${quantity} tickets were sold, though more were wanted.`]),
    ...(admitted === sold ? [] : [`${sold} tickets were sold, but ${admitted} people may enter.`]),
  ];
}

function brokenCharge({ orderId, amount, refunded }: Charge, orders: readonly DatabaseOrder[]): string[] {
  const order = orders.find(({ id }) => id === orderId);
  if (order?.status === 'CONFIRMED' && amount === order.total && refunded === 0) return [];
  if (order !== undefined && order.status !== 'CONFIRMED' && refunded === amount) return [];
  return [
    `Stripe took ${amount} and gave ${refunded} back for order ${orderId}, which is ${order?.status ?? 'unknown'}.`,
  ];
}

function brokenOrder(order: DatabaseOrder, charges: readonly Charge[]): string[] {
  if (order.status !== 'CONFIRMED') return [];
  const count = charges.filter(({ orderId }) => orderId === order.id).length;
  if (count === 1 && order.paymentStatus === 'PAID') return [];
  return [`Order ${order.id} is confirmed and ${order.paymentStatus}, with ${count} charges at Stripe.`];
}

/** Money that came too late went back, which Stripe's charges tell. */
function brokenPurchase({ orderId, quantity }: PaidOrder, orders: readonly DatabaseOrder[]): string[] {
  const order = orders.find(({ id }) => id === orderId);
  if (order?.status === 'CONFIRMED' && order.attendees === quantity) return [];
  if (order?.paymentStatus === 'REFUNDED') return [];
  return [`A buyer paid for ${quantity} tickets of order ${orderId}: ${JSON.stringify(order)}.`];
}

/** @returns what is wrong with the counters, in the words of the audit; undefined if nothing is */
export async function auditFailure(pool: pg.Pool): Promise<string | undefined> {
  try {
    await auditInventory(pool);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

export async function ordersIn(pool: pg.Pool): Promise<DatabaseOrder[]> {
  const { rows } = await pool.query<DatabaseOrder>(
    `SELECT id, status, payment_status AS "paymentStatus", total_amount AS total,
       (SELECT count(*)::int FROM attendee WHERE attendee.order_id = orders.id) AS attendees
     FROM orders`,
  );
  return rows;
}

/** Asks like everybody else, within the rate. */
export async function chargesAt(url: string, key: string): Promise<Charge[]> {
  const { hostname, port } = new URL(url);
  const stripe = new Stripe(key, {
    host: hostname,
    port,
    protocol: 'http',
    maxNetworkRetries: 20,
    telemetry: false,
  });
  const charges: Charge[] = [];
  for await (const charge of stripe.charges.list({ limit: 100 })) {
    if (charge.status !== 'succeeded') continue;
    if (charge.transfer_group === null) throw new OperationFailed('CHARGE_WITHOUT_ORDER');
    charges.push({ orderId: charge.transfer_group, amount: charge.amount, refunded: charge.amount_refunded });
  }
  return charges;
}
