import { findPaymentMethod } from '../actions/intents.js';
import { confirmSession } from '../actions/payments.js';
import { mustFindSession } from '../actions/sessions.js';
import { type Endpoint, endpoint } from '../wire/endpoint.js';
import { invalidRequest } from '../wire/errors.js';
import { integer, optional, text } from '../wire/fields.js';

/**
 * What Checkout's page asks of Stripe. Not part of its documented API, but the official command-line client pays
 * Checkout Sessions this way (`stripe trigger checkout.session.completed`). Answers the Checkout Session.
 */
export const paymentPageEndpoints: readonly Endpoint[] = [
  endpoint('GET', '/v1/payment_pages/:id', {}, ({ world, ids }) => mustFindSession(world, ids[0]!)),
  endpoint(
    'POST',
    '/v1/payment_pages/:id/confirm',
    { expected_amount: optional(integer({ minimum: 0 })), payment_method: text() },
    ({ world, ids, params }) => {
      const session = mustFindSession(world, ids[0]!);
      if (params.expected_amount !== undefined && params.expected_amount !== session.amount_total) {
        throw invalidRequest(
          `The expected amount (${params.expected_amount}) is not what is to be paid (${session.amount_total}).`,
          { param: 'expected_amount' },
        );
      }
      return confirmSession(world, session.id, findPaymentMethod(world, params.payment_method));
    },
  ),
];
