import type Stripe from 'stripe';
import { decline, pay, settleDelayed } from '../actions/payments.js';
import { mustFindSession } from '../actions/sessions.js';
import { type Call, type Endpoint, endpoint } from '../wire/endpoint.js';
import { invalidRequest } from '../wire/errors.js';
import { integer, type Read, text } from '../wire/fields.js';
import { mustFindPaymentMethod } from './payment-methods.js';

const confirmFields = { expected_amount: integer({ minimum: 0 }), payment_method: text() } as const;

/** Accounts from which the bank never sends the money (https://docs.stripe.com/payments/sepa-debit/accept-a-payment). */
const FAILING_ACCOUNTS = /^(?:IT60X0542811101000000123456|AT861904300235473202|DE62370400440532013001)$/;

/**
 * What Stripe's own Checkout page does, as Stripe's command-line client does it in the place of a buyer. Stripe
 * does not document these: an id of a page is that of its session.
 */
export const paymentPageEndpoints: readonly Endpoint[] = [
  endpoint('GET', '/v1/payment_pages/:id', {}, ({ world, ids }) => mustFindSession(world, ids[0]!)),
  endpoint('POST', '/v1/payment_pages/:id/confirm', confirmFields, confirm),
];

/** A card pays at once; what the bank says of a debit is known at once too, but told of in an event of its own. */
function confirm({ world, params, ids }: Call<Read<typeof confirmFields>>): Stripe.Checkout.Session {
  const session = mustFindSession(world, ids[0]!);
  if (params.expected_amount !== session.amount_total) {
    throw invalidRequest('The amount of this Checkout Session is not the one that was expected.', {
      code: 'checkout_amount_mismatch',
      param: 'expected_amount',
    });
  }
  const method = mustFindPaymentMethod(world, params.payment_method, 'payment_method', 400);
  if (!session.payment_method_types.includes(method.type)) {
    throw invalidRequest(`This Checkout Session takes no payment by ${method.type}.`, {
      param: 'payment_method',
    });
  }
  const email = method.billing_details.email ?? undefined;
  if (method.card !== undefined) {
    return method.card.last4 === '0002' ? decline(world, session.id) : pay(world, session.id, { email });
  }
  pay(world, session.id, { method: 'delayed', email });
  const fails = FAILING_ACCOUNTS.test(method.sepa_debit?.fingerprint ?? '');
  return settleDelayed(world, session.id, fails ? 'failed' : 'succeeded');
}
