import type Stripe from 'stripe';
import { newId } from '../state/ids.js';
import { now, type World } from '../state/world.js';
import { type Call, type Endpoint, endpoint } from '../wire/endpoint.js';
import { invalidRequest, missingResource } from '../wire/errors.js';
import { object, oneOf, optional, type Read, text } from '../wire/fields.js';
import { changeMetadata, metadata } from '../wire/metadata.js';
import { addressFields, addressOf } from './values.js';

/** What cards do that have no number here, as Stripe's test tokens (https://docs.stripe.com/testing). */
const CARD_TOKENS: Readonly<Record<string, string>> = {
  tok_visa: '4242',
  tok_visa_chargeDeclined: '0002',
  tok_chargeDeclined: '0002',
};

const createFields = {
  billing_details: optional(
    object({
      address: optional(object(addressFields)),
      email: optional(text(800)),
      name: optional(text()),
      phone: optional(text()),
    }),
  ),
  card: optional(object({ token: text() })),
  metadata,
  sepa_debit: optional(object({ iban: text(34) })),
  type: oneOf('card', 'sepa_debit'),
} as const;

/** https://docs.stripe.com/api/payment_methods: by test tokens and test accounts, since no money is real here */
export const paymentMethodEndpoints: readonly Endpoint[] = [
  endpoint('POST', '/v1/payment_methods', createFields, create),
  endpoint('GET', '/v1/payment_methods/:id', {}, ({ world, ids }) =>
    mustFindPaymentMethod(world, ids[0]!, 'payment_method', 404),
  ),
];

/** @throws StripeFailure when there is none */
export function mustFindPaymentMethod(
  world: World,
  id: string,
  param: string,
  status: 400 | 404,
): Stripe.PaymentMethod {
  const method = world.store.paymentMethods.get(id);
  if (method === undefined) throw missingResource('PaymentMethod', id, param, status);
  return method;
}

function create({ world, params }: Call<Read<typeof createFields>>): Stripe.PaymentMethod {
  const given = params.billing_details;
  return world.store.paymentMethods.add({
    id: newId('pm_1'),
    object: 'payment_method',
    billing_details: {
      address: addressOf(given?.address),
      email: given?.email ?? null,
      name: given?.name ?? null,
      phone: given?.phone ?? null,
      tax_id: null,
    },
    ...(params.type === 'card' ? { card: cardOf(params.card) } : { sepa_debit: debitOf(params.sepa_debit) }),
    created: now(),
    customer: null,
    customer_account: null,
    livemode: false,
    metadata: changeMetadata({}, params.metadata),
    type: params.type,
  });
}

function cardOf(given: { readonly token: string } | undefined): Stripe.PaymentMethod.Card {
  if (given === undefined) throw missing('card');
  const last4 = CARD_TOKENS[given.token];
  if (last4 === undefined) throw missingResource('token', given.token, 'card[token]', 400);
  return {
    brand: 'visa',
    checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: 'unchecked' },
    country: 'US',
    display_brand: 'visa',
    exp_month: 12,
    exp_year: new Date().getUTCFullYear() + 3,
    fingerprint: 'LocalStripeCard1',
    funding: 'credit',
    generated_from: null,
    last4,
    networks: { available: ['visa'], preferred: null },
    regulated_status: 'unregulated',
    three_d_secure_usage: { supported: true },
    wallet: null,
  };
}

function debitOf(given: { readonly iban: string } | undefined): Stripe.PaymentMethod.SepaDebit {
  if (given === undefined) throw missing('sepa_debit');
  const iban = given.iban.replaceAll(' ', '');
  if (!/^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$/.test(iban)) {
    throw invalidRequest('The IBAN you provided is invalid.', {
      code: 'invalid_bank_account_iban',
      param: 'sepa_debit[iban]',
    });
  }
  return {
    bank_code: iban.slice(4, 9),
    branch_code: '',
    country: iban.slice(0, 2),
    // Which account it was, without its number: what a payment by it comes to depends on that.
    fingerprint: iban,
    generated_from: { charge: null, setup_attempt: null },
    last4: iban.slice(-4),
  };
}

function missing(param: string) {
  return invalidRequest(`Missing required param: ${param}.`, { code: 'parameter_missing', param });
}
