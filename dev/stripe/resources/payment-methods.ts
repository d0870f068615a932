import type Stripe from 'stripe';
import { methodOfIban, methodOfToken, type TestMethod } from '../state/test-methods.js';
import { type Call, type Endpoint, endpoint } from '../wire/endpoint.js';
import { invalidRequest, missingResource } from '../wire/errors.js';
import { object, oneOf, optional, type Read, text } from '../wire/fields.js';
import { changeMetadata, metadata } from '../wire/metadata.js';
import { addPaymentMethod } from './payment-method-shape.js';
import { addressField, readAddress } from './shipping.js';
import { checkEmail } from './values.js';

const createFields = {
  billing_details: optional(
    object({
      address: optional(addressField),
      email: optional(text()),
      name: optional(text()),
      phone: optional(text()),
    }),
  ),
  card: optional(object({ token: text() })),
  metadata,
  sepa_debit: optional(object({ iban: text() })),
  type: oneOf('card', 'sepa_debit'),
} as const;

type CreateParams = Read<typeof createFields>;

/** https://docs.stripe.com/api/payment_methods, of test cards by their tokens and test accounts by their IBAN */
export const paymentMethodEndpoints: readonly Endpoint[] = [
  endpoint('POST', '/v1/payment_methods', createFields, create),
  endpoint('GET', '/v1/payment_methods/:id', {}, ({ world, ids }) => {
    const method = world.store.paymentMethods.get(ids[0]!);
    if (method === undefined) throw missingResource('PaymentMethod', ids[0]!, 'payment_method');
    return method;
  }),
];

function create({ world, params }: Call<CreateParams>): Stripe.PaymentMethod {
  const billing = params.billing_details;
  if (billing?.email !== undefined) checkEmail(billing.email, 'billing_details[email]');
  if (params.type === 'sepa_debit' && (billing?.name === undefined || billing.email === undefined)) {
    throw invalidRequest('Debits need the name and the email of the account holder.', {
      code: 'parameter_missing',
      param: 'billing_details',
    });
  }
  const details = {
    address: billing?.address === undefined ? null : readAddress(billing.address),
    email: billing?.email ?? null,
    name: billing?.name ?? null,
    phone: billing?.phone ?? null,
    tax_id: null,
  };
  return addPaymentMethod(world, readTest(params), details, changeMetadata({}, params.metadata));
}

function readTest({ type, card, sepa_debit: debit }: CreateParams): TestMethod {
  if (type === 'card' && card !== undefined && debit === undefined) return methodOfToken(card.token);
  if (type === 'sepa_debit' && debit !== undefined && card === undefined) return methodOfIban(debit.iban);
  throw invalidRequest(`A PaymentMethod of type ${type} is described by \`${type}\` and nothing else.`, {
    code: 'parameter_missing',
    param: type,
  });
}
