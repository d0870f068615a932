import { invalidRequest } from '../wire/errors.js';

/**
 * One of Stripe's test payment methods: what it is, and what becomes of payments by it
 * (https://docs.stripe.com/testing). One that names no misfortune pays, at once or, if delayed, when it is told to.
 */
export interface TestMethod {
  readonly type: string;
  /** Of the card's number, or of the account's. */
  readonly last4: string;
  /** Two letters. */
  readonly country: string;
  /** The issuer refuses, for this reason: https://docs.stripe.com/declines/codes. */
  readonly declineCode?: string;
  /** The payment is disputed as soon as it has succeeded. */
  readonly dispute?: { readonly reason: string; readonly inquiry: boolean };
  /** What the bank decides on a delayed payment, at once; without it the payment waits for `settleDelayed`. */
  readonly decides?: 'succeeded' | 'failed';
}

export const VISA: TestMethod = { type: 'card', last4: '4242', country: 'US' };
const DECLINED: TestMethod = { ...VISA, last4: '0002', declineCode: 'generic_decline' };
const UNFUNDED: TestMethod = { ...VISA, last4: '9995', declineCode: 'insufficient_funds' };
const LOST: TestMethod = { ...VISA, last4: '9987', declineCode: 'lost_card' };
const STOLEN: TestMethod = { ...VISA, last4: '9979', declineCode: 'stolen_card' };

/** By what follows `pm_card_` and `tok_`. */
const CARDS: Readonly<Record<string, TestMethod>> = {
  visa: VISA,
  bypassPending: { ...VISA, last4: '0077' },
  chargeDeclined: DECLINED,
  visa_chargeDeclined: DECLINED,
  chargeDeclinedInsufficientFunds: UNFUNDED,
  visa_chargeDeclinedInsufficientFunds: UNFUNDED,
  visa_chargeDeclinedLostCard: LOST,
  visa_chargeDeclinedStolenCard: STOLEN,
  chargeDeclinedExpiredCard: { ...VISA, last4: '0069', declineCode: 'expired_card' },
  chargeDeclinedIncorrectCvc: { ...VISA, last4: '0127', declineCode: 'incorrect_cvc' },
  chargeDeclinedProcessingError: { ...VISA, last4: '0119', declineCode: 'processing_error' },
  createDispute: { ...VISA, last4: '0259', dispute: { reason: 'fraudulent', inquiry: false } },
  createDisputeProductNotReceived: {
    ...VISA,
    last4: '2685',
    dispute: { reason: 'product_not_received', inquiry: false },
  },
  createDisputeInquiry: { ...VISA, last4: '1976', dispute: { reason: 'fraudulent', inquiry: true } },
};

type Account = Omit<TestMethod, 'type' | 'last4' | 'country'>;
const PAYS: Account = { decides: 'succeeded' };
const FAILS: Account = { decides: 'failed' };
const DISPUTED: Account = { ...PAYS, dispute: { reason: 'debit_not_authorized', inquiry: false } };
/** At Stripe three minutes; here as long as it takes until someone decides. */
const WAITS: Account = {};

/** The SEPA accounts of three countries. The Italian one is what Stripe's command-line client fails payments with. */
const IBANS: Readonly<Record<string, Account>> = {
  AT611904300234573201: PAYS,
  AT861904300235473202: FAILS,
  AT591904300235473203: DISPUTED,
  AT321904300235473204: WAITS,
  AT051904300235473205: WAITS,
  DE89370400440532013000: PAYS,
  DE62370400440532013001: FAILS,
  DE35370400440532013002: DISPUTED,
  DE08370400440532013003: WAITS,
  DE78370400440532013004: WAITS,
  IT40S0542811101000000123456: PAYS,
  IT60X0542811101000000123456: FAILS,
};

/** `pm_card_visa` and its like: names that stand for a payment method which is made at each use. */
export function namedMethod(id: string): TestMethod | undefined {
  return id.startsWith('pm_card_') ? ownValue(CARDS, id.slice('pm_card_'.length)) : undefined;
}

/** @throws StripeFailure where no test card has that token */
export function methodOfToken(token: string): TestMethod {
  const found = token.startsWith('tok_') ? ownValue(CARDS, token.slice('tok_'.length)) : undefined;
  if (found !== undefined) return found;
  throw invalidRequest(`No such token: '${token}'`, { code: 'resource_missing', param: 'card[token]' });
}

/** @throws StripeFailure for an account that is not one of Stripe's for testing */
export function methodOfIban(given: string): TestMethod {
  const iban = given.replaceAll(' ', '').toUpperCase();
  const account = ownValue(IBANS, iban);
  if (account === undefined) {
    throw invalidRequest(
      `The local Stripe debits test accounts only: ${Object.keys(IBANS).join(', ')}. Not ${given}.`,
      { code: 'invalid_bank_account_iban', param: 'sepa_debit[iban]' },
    );
  }
  return { ...account, type: 'sepa_debit', last4: iban.slice(-4), country: iban.slice(0, 2) };
}

function ownValue<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
