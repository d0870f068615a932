import type { PaymentState } from '../payments/index.js';
import type { Order } from './order.entity.js';

type Paid = Extract<PaymentState, { kind: 'paid' }>;

/** Why money is not what an order waits for; as the metric's label says it. */
export type Mismatch = 'amount_mismatch' | 'account_mismatch';

/** Compares what was paid with what the order says: amount, currency, and whose account it was paid to. */
export function mismatchOf(
  order: Pick<Order, 'totalAmount' | 'currency' | 'stripeAccountId'>,
  paid: Paid,
): Mismatch | undefined {
  if (paid.amount !== order.totalAmount || paid.currency !== order.currency) return 'amount_mismatch';
  return paid.destination === order.stripeAccountId ? undefined : 'account_mismatch';
}
