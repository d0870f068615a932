import type { EntityManager } from '@mikro-orm/postgresql';
import { type Order, OrderStatus, PaymentStatus } from './order.entity.js';

interface MoneyBack {
  readonly disputed: boolean;
  /** Minor units; refunds that are under way count, those that failed do not. */
  readonly refunded: string;
  /** The same of those alone that Stripe has taken on. */
  readonly accepted: string;
}

const PAID: readonly PaymentStatus[] = [
  PaymentStatus.PAID,
  PaymentStatus.PARTIALLY_REFUNDED,
  PaymentStatus.REFUNDED,
  PaymentStatus.DISPUTED,
];

/** Whether its money has arrived, wherever it went since. */
export function hasBeenPaid(order: Order): boolean {
  return PAID.includes(order.paymentStatus);
}

/**
 * The payment status of an order that was paid, by its refunds and disputes. Where the order is confirmed, a refund
 * counts from the moment it is asked for; where it has ended, once Stripe has taken it on, since nobody is to be
 * told before that it is over. A dispute that is lost stays; an inquiry moves no money.
 *
 * @param em inside a transaction in which the order's row is locked and all else is flushed
 */
export async function paymentStatusOf(em: EntityManager, order: Order): Promise<PaymentStatus> {
  if (order.totalAmount === 0) return order.paymentStatus;
  const [row] = await em.execute<[MoneyBack]>(
    `select exists (select from dispute where order_id = ? and status in ('NEEDS_RESPONSE', 'UNDER_REVIEW', 'LOST'))
         as disputed,
       coalesce(sum(amount) filter (where status <> 'FAILED'), 0) as refunded,
       coalesce(sum(amount) filter (where status <> 'FAILED' and stripe_refund_id is not null), 0) as accepted
     from refund where order_id = ?`,
    [order.id, order.id],
  );
  if (row.disputed) return PaymentStatus.DISPUTED;
  const amount = Number(order.status === OrderStatus.CONFIRMED ? row.refunded : row.accepted);
  if (amount >= order.totalAmount) return PaymentStatus.REFUNDED;
  return amount > 0 ? PaymentStatus.PARTIALLY_REFUNDED : PaymentStatus.PAID;
}
