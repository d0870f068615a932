import { clientOf } from '../integration/local-stripe-support.js';
import { type PublishedShow, type Purchase, purchase } from './fixtures.js';
import { settlesAs, storedOrder } from './order-life.js';
import { sessionIn } from './stripe.js';
import type { World } from './world.js';

export interface PaidOrder {
  readonly bought: Purchase;
  readonly orderId: string;
  readonly paymentIntentId: string;
  readonly chargeId: string;
}

/** Buys so many of the show's first ticket, pays, and waits until the order is confirmed. */
export async function buyAndPay(
  world: World,
  show: PublishedShow,
  quantity = 1,
  options: { readonly settle?: 'now' | 'later' } = {},
): Promise<PaidOrder> {
  const items = [{ ticketId: show.tickets[0]!.id, quantity }];
  const bought = await purchase(world.server, { showId: show.id, items });
  await world.stripe.pay(sessionIn(bought.checkoutUrl), options);
  await settlesAs(world, bought.order.id, 'CONFIRMED', 'PAID');
  return paidOrder(world, bought);
}

/** What Stripe calls the payment of an order that is confirmed. */
export async function paidOrder(
  world: Pick<World, 'database' | 'stripe'>,
  bought: Purchase,
): Promise<PaidOrder> {
  const orderId = bought.order.id;
  const { payment_intent_id } = await storedOrder(world, orderId);
  const intent = await clientOf(world.stripe).paymentIntents.retrieve(payment_intent_id!);
  return { bought, orderId, paymentIntentId: intent.id, chargeId: intent.latest_charge as string };
}

/** What the ledger has of an order: `KIND account amount`, in the order it was recorded. */
export async function ledgerOf({ database }: Pick<World, 'database'>, orderId: string): Promise<string[]> {
  const { rows } = await database.pool.query<{ entry: string }>(
    `select kind || ' ' || account || ' ' || amount as entry from ledger_entry where order_id = $1 order by id`,
    [orderId],
  );
  return rows.map(({ entry }) => entry);
}

/** The states of an order's attendees, one word each. */
export async function attendeeStates(
  { database }: Pick<World, 'database'>,
  orderId: string,
): Promise<string[]> {
  const { rows } = await database.pool.query<{ status: string }>(
    'select status from attendee where order_id = $1 order by order_line_id, position',
    [orderId],
  );
  return rows.map(({ status }) => status);
}
