import type Stripe from 'stripe';
import { newId } from '../state/ids.js';
import { type TestMethod, VISA } from '../state/test-methods.js';
import { now, type World } from '../state/world.js';

type BillingDetails = Stripe.PaymentMethod.BillingDetails;

export const NO_BILLING_DETAILS: BillingDetails = {
  address: null,
  email: null,
  name: null,
  phone: null,
  tax_id: null,
};

/** Makes and keeps a payment method that behaves as a test method does. */
export function addPaymentMethod(
  world: World,
  test: TestMethod = VISA,
  billing: BillingDetails = NO_BILLING_DETAILS,
  metadata: Record<string, string> = {},
): Stripe.PaymentMethod {
  const method: Stripe.PaymentMethod = {
    id: newId('pm_1'),
    object: 'payment_method',
    allow_redisplay: 'unspecified',
    billing_details: billing,
    created: now(),
    customer: null,
    customer_account: null,
    livemode: false,
    metadata,
    type: test.type,
    ...detailsOf(test),
  };
  world.store.testMethods.set(method.id, test);
  return world.store.paymentMethods.add(method);
}

function detailsOf(test: TestMethod): Partial<Stripe.PaymentMethod> {
  if (test.type === 'card') return { card: card(test) };
  if (test.type === 'sepa_debit') return { sepa_debit: { ...account(test), generated_from: null } };
  return { [test.type]: {} };
}

function card(test: TestMethod): Stripe.PaymentMethod.Card {
  return {
    brand: 'visa',
    checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: 'pass' },
    country: test.country,
    display_brand: 'visa',
    exp_month: 12,
    exp_year: expiryYear(),
    fingerprint: fingerprint(test),
    funding: 'credit',
    generated_from: null,
    last4: test.last4,
    networks: { available: ['visa'], preferred: null },
    regulated_status: 'unregulated',
    three_d_secure_usage: { supported: true },
    wallet: null,
  };
}

function account(test: TestMethod) {
  return {
    bank_code: null,
    branch_code: null,
    country: test.country,
    fingerprint: fingerprint(test),
    last4: test.last4,
  };
}

function expiryYear(): number {
  return new Date().getUTCFullYear() + 3;
}

/** The same for the same number. */
function fingerprint(test: TestMethod): string {
  return `LocalStripe${test.country}${test.last4}`;
}

/** https://docs.stripe.com/api/charges/object, `payment_method_details` */
export function chargeDetails(test: TestMethod): Stripe.Charge.PaymentMethodDetails {
  if (test.type === 'sepa_debit') {
    return { type: 'sepa_debit', sepa_debit: { ...account(test), mandate: null } };
  }
  if (test.type !== 'card') return { type: test.type };
  return {
    type: 'card',
    card: {
      amount_authorized: null,
      authorization_code: null,
      brand: 'visa',
      checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: 'pass' },
      country: test.country,
      electronic_commerce_indicator: null,
      exp_month: 12,
      exp_year: expiryYear(),
      fingerprint: fingerprint(test),
      funding: 'credit',
      installments: null,
      last4: test.last4,
      mandate: null,
      network: 'visa',
      network_transaction_id: null,
      regulated_status: 'unregulated',
      three_d_secure: null,
      transaction_link_id: null,
      wallet: null,
    },
  };
}
