import type Stripe from 'stripe';
import { newId } from '../state/ids.js';
import { now, type World } from '../state/world.js';

interface Movement {
  readonly type: Stripe.BalanceTransaction['type'];
  /** Minor units, negative where money leaves the platform's balance. */
  readonly amount: number;
  readonly currency: string;
  readonly source: string;
  /** What Stripe keeps, in minor units. */
  readonly fee?: number;
  readonly description?: string | null;
}

/** Stripe's cut of a card payment, without its fixed part, which differs from country to country. */
const PROCESSING_RATE = 0.029;

export function processingFee(amount: number): number {
  return Math.round(amount * PROCESSING_RATE);
}

/** https://docs.stripe.com/reports/balance-transaction-types: one entry per movement of the balance. */
export function recordMovement(world: World, movement: Movement): Stripe.BalanceTransaction {
  const fee = movement.fee ?? 0;
  return world.store.balanceTransactions.add({
    id: newId('txn_3', 23),
    object: 'balance_transaction',
    amount: movement.amount,
    available_on: now(),
    balance_type: 'payments',
    created: now(),
    currency: movement.currency,
    description: movement.description ?? null,
    exchange_rate: null,
    fee,
    fee_details:
      fee === 0
        ? []
        : [
            {
              amount: fee,
              application: null,
              currency: movement.currency,
              description: 'Stripe processing fees',
              type: 'stripe_fee',
            },
          ],
    net: movement.amount - fee,
    reporting_category: reportingCategory(movement.type),
    source: movement.source,
    status: 'available',
    type: movement.type,
  });
}

/** What the platform has, per currency. */
export function balanceOf(world: World): Map<string, number> {
  const totals = new Map<string, number>();
  for (const entry of world.store.balanceTransactions.newestFirst()) {
    totals.set(entry.currency, (totals.get(entry.currency) ?? 0) + entry.net);
  }
  return totals;
}

function reportingCategory(type: string): string {
  const categories: Readonly<Record<string, string>> = {
    application_fee: 'platform_earning',
    application_fee_refund: 'platform_earning_refund',
    transfer_refund: 'transfer_reversal',
    refund_failure: 'refund_failure',
    adjustment: 'dispute',
  };
  return categories[type] ?? type;
}
