import Stripe from 'stripe';
import { disputeState } from './disputes.js';
import { fromStripeAmount, minorUnits } from './stripe-amounts.js';
import type { StripeCalls } from './stripe-calls.js';

/** One thing that is so of an order's money, e.g. that its CHARGE `pi_...` is `2500 USD`. */
export interface Fact {
  readonly what: FactKind;
  /** What Stripe calls it; `total` of what is only known for the whole order. */
  readonly stripeId: string;
  /** An amount in minor units with its currency, or a status. */
  readonly value: string;
}

export type FactKind =
  | 'CHARGE'
  | 'TRANSFER'
  | 'APPLICATION_FEE'
  | 'TRANSFER_REVERSAL'
  | 'APPLICATION_FEE_REFUND'
  | 'REFUND'
  | 'REFUND_STATUS'
  | 'DISPUTE'
  | 'DISPUTE_REVERSAL'
  | 'DISPUTE_STATUS';

/** Stripe makes the transfer of a charge up to an hour after it; until then there is no amount to compare. */
export const UNDER_WAY = 'UNDER_WAY';
const MOST_OF_A_PAGE = 100;
const EXPAND = ['data.transfer', 'data.application_fee', 'data.refunds'];
const FAILED = ['failed', 'canceled'];

/** What Stripe has on record of the orders' money, asked for anew. */
export class OrderRecords {
  constructor(
    private readonly stripe: Stripe,
    private readonly calls: StripeCalls,
  ) {}

  /**
   * By the transfer group, which every payment of an order carries: so a payment that we never heard of is found too.
   * One call in most cases; one more for a disputed charge, or one with many refunds.
   */
  async factsOf(orderId: string): Promise<Fact[]> {
    const { data } = await this.calls.run('charges.list', (options) =>
      this.stripe.charges.list({ transfer_group: orderId, limit: MOST_OF_A_PAGE, expand: EXPAND }, options),
    );
    const charges = data.filter(({ status }) => status === 'succeeded');
    const facts = totalsOf(charges);
    for (const charge of charges) {
      facts.push(...chargeFacts(charge));
      for (const refund of await this.refundsOf(charge)) facts.push(...refundFacts(refund));
      for (const dispute of await this.disputesOf(charge)) facts.push(...disputeFacts(dispute));
    }
    return facts;
  }

  private async refundsOf(charge: Stripe.Charge): Promise<readonly Stripe.Refund[]> {
    if (charge.refunds && !charge.refunds.has_more) return charge.refunds.data;
    const refunds: Stripe.Refund[] = [];
    for (let more = true; more; ) {
      const last = refunds.at(-1)?.id;
      const page = await this.calls.run('refunds.list', (options) =>
        this.stripe.refunds.list(
          { charge: charge.id, limit: MOST_OF_A_PAGE, ...(last !== undefined && { starting_after: last }) },
          options,
        ),
      );
      refunds.push(...page.data);
      more = page.has_more;
    }
    return refunds;
  }

  private async disputesOf(charge: Stripe.Charge): Promise<readonly Stripe.Dispute[]> {
    if (!charge.disputed) return [];
    const { data } = await this.calls.run('disputes.list', (options) =>
      this.stripe.disputes.list({ charge: charge.id, limit: MOST_OF_A_PAGE }, options),
    );
    return data;
  }
}

/** @param amount in ISO 4217 minor units @param currency ISO 4217 in any case */
export function amountValue(amount: number | bigint, currency: string): string {
  return `${amount} ${currency.toUpperCase()}`;
}

function chargeFacts(charge: Stripe.Charge): Fact[] {
  const stripeId = paymentOf(charge);
  const { transfer, application_fee: fee } = charge;
  const paid: Fact = {
    what: 'CHARGE',
    stripeId,
    value: amountValue(fromStripeAmount(charge.amount_captured, charge.currency), charge.currency),
  };
  // Captured asynchronously: https://docs.stripe.com/payments/payment-intents/asynchronous-capture
  if (charge.balance_transaction === null) {
    return [
      paid,
      { what: 'TRANSFER', stripeId, value: UNDER_WAY },
      ...(charge.application_fee_amount
        ? [{ what: 'APPLICATION_FEE', stripeId, value: UNDER_WAY } as const]
        : []),
    ];
  }
  return [
    paid,
    ...amountFact('TRANSFER', stripeId, isObject(transfer) ? transfer.amount : 0, charge.currency),
    ...amountFact('APPLICATION_FEE', stripeId, isObject(fee) ? fee.amount : 0, charge.currency),
  ];
}

/**
 * Of all charges together, which are of one currency, as the order is. What goes back in proportion may be a fraction of
 * a minor unit at Stripe, which counts some currencies in more decimals than they have; the ledger has it rounded.
 */
function totalsOf(charges: readonly Stripe.Charge[]): Fact[] {
  const sum = (part: (charge: Stripe.Charge) => number) =>
    charges.reduce((total, charge) => total + part(charge), 0);
  const reversed = sum(({ transfer }) => (isObject(transfer) ? transfer.amount_reversed : 0));
  const refunded = sum(({ application_fee: fee }) => (isObject(fee) ? fee.amount_refunded : 0));
  const currency = charges[0]?.currency ?? '';
  return [
    ...moneyFact('TRANSFER_REVERSAL', 'total', minorUnits(reversed, currency), currency),
    ...moneyFact('APPLICATION_FEE_REFUND', 'total', minorUnits(refunded, currency), currency),
  ];
}

/** A refund that failed has moved nothing in the end, but its failure is known here too. */
function refundFacts(refund: Stripe.Refund): Fact[] {
  const failed = FAILED.includes(refund.status ?? '');
  const status = failed ? 'FAILED' : refund.status === 'succeeded' ? 'SUCCEEDED' : 'PENDING';
  return [
    ...amountFact('REFUND', refund.id, failed ? 0 : refund.amount, refund.currency),
    { what: 'REFUND_STATUS', stripeId: refund.id, value: status },
  ];
}

function disputeFacts(dispute: Stripe.Dispute): Fact[] {
  const { id, status, currency, withdrawn, reinstated } = disputeState(dispute);
  return [
    ...moneyFact('DISPUTE', id, withdrawn?.amount ?? 0, currency),
    ...moneyFact('DISPUTE_REVERSAL', id, reinstated?.amount ?? 0, currency),
    { what: 'DISPUTE_STATUS', stripeId: id, value: status },
  ];
}

/** @param amount as Stripe's API counts it */
function amountFact(what: FactKind, stripeId: string, amount: number, currency: string): Fact[] {
  return moneyFact(what, stripeId, fromStripeAmount(amount, currency), currency);
}

/** @param amount ISO 4217 minor units */
function moneyFact(what: FactKind, stripeId: string, amount: number, currency: string): Fact[] {
  return amount === 0 ? [] : [{ what, stripeId, value: amountValue(amount, currency) }];
}

function paymentOf({ id, payment_intent }: Stripe.Charge): string {
  return typeof payment_intent === 'string' ? payment_intent : (payment_intent?.id ?? id);
}

function isObject<T>(value: string | T | null | undefined): value is T {
  return typeof value === 'object' && value !== null;
}
