import type Stripe from 'stripe';
import { Collection } from './collection.js';
import type { TestMethod } from './test-methods.js';

/** What a Checkout Session will charge, kept apart: Stripe shows it only through the PaymentIntent. */
export interface PaymentPlan {
  readonly description: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly applicationFeeAmount: number | null;
  readonly destination: string | null;
  readonly transferAmount: number | null;
  readonly onBehalfOf: string | null;
  readonly transferGroup: string | null;
  readonly statementDescriptorSuffix: string | null;
  readonly receiptEmail: string | null;
  readonly setupFutureUsage: 'off_session' | 'on_session' | null;
  readonly shipping: Stripe.PaymentIntent.Shipping | null;
}

export interface OnboardingLink {
  readonly account: string;
  readonly refreshUrl: string;
  readonly returnUrl: string;
  /** Seconds since the epoch. */
  readonly expiresAt: number;
  visited: boolean;
}

/** Every object there is, in memory. A reset makes a new one. */
export class Store {
  readonly accounts = new Collection<Stripe.Account>();
  readonly products = new Collection<Stripe.Product>();
  readonly prices = new Collection<Stripe.Price>();
  readonly sessions = new Collection<Stripe.Checkout.Session>();
  readonly paymentMethods = new Collection<Stripe.PaymentMethod>();
  readonly paymentIntents = new Collection<Stripe.PaymentIntent>();
  readonly charges = new Collection<Stripe.Charge>();
  readonly transfers = new Collection<Stripe.Transfer>();
  readonly transferReversals = new Collection<Stripe.TransferReversal>();
  readonly applicationFees = new Collection<Stripe.ApplicationFee>();
  readonly feeRefunds = new Collection<Stripe.FeeRefund>();
  readonly refunds = new Collection<Stripe.Refund>();
  readonly disputes = new Collection<Stripe.Dispute>();
  readonly balanceTransactions = new Collection<Stripe.BalanceTransaction>();
  readonly events = new Collection<Stripe.Event>();

  readonly lineItems = new Map<string, Collection<Stripe.LineItem>>();
  readonly plans = new Map<string, PaymentPlan>();
  /** How each payment method behaves. */
  readonly testMethods = new Map<string, TestMethod>();
  readonly onboardingLinks = new Map<string, OnboardingLink>();
  readonly deauthorizedAccounts = new Set<string>();
  /** Oldest first; an index of `refunds`, which `addRefund` keeps. */
  readonly refundsOfCharge = new Map<string, Stripe.Refund[]>();

  addRefund(refund: Stripe.Refund): void {
    this.refunds.add(refund);
    const charge = refund.charge as string;
    const present = this.refundsOfCharge.get(charge);
    if (present === undefined) this.refundsOfCharge.set(charge, [refund]);
    else present.push(refund);
  }
}
