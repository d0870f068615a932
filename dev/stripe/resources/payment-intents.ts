import type Stripe from 'stripe';
import type { World } from '../state/world.js';
import { type Endpoint, endpoint } from '../wire/endpoint.js';
import { invalidRequest, missingResource } from '../wire/errors.js';
import { clearable, text } from '../wire/fields.js';
import { changeMetadata, metadata } from '../wire/metadata.js';
import { createdField, isWithin, page, pagingFields } from '../wire/paging.js';

/** https://docs.stripe.com/api/payment_intents: those that Checkout made, to read and to annotate. */
export const paymentIntentEndpoints: readonly Endpoint[] = [
  endpoint('GET', '/v1/payment_intents', { ...pagingFields, created: createdField }, ({ world, params }) =>
    page(world.store.paymentIntents, params, '/v1/payment_intents', (intent) =>
      isWithin(intent.created, params.created),
    ),
  ),
  endpoint('GET', '/v1/payment_intents/:id', {}, ({ world, ids }) => mustFindIntent(world, ids[0]!)),
  endpoint(
    'POST',
    '/v1/payment_intents/:id',
    {
      description: clearable(text(1000)),
      metadata,
      receipt_email: clearable(text()),
    },
    ({ world, ids, params }) => {
      const intent = mustFindIntent(world, ids[0]!);
      if (params.description !== undefined) intent.description = params.description;
      if (params.receipt_email !== undefined) intent.receipt_email = params.receipt_email;
      intent.metadata = changeMetadata(intent.metadata, params.metadata);
      return intent;
    },
  ),
  endpoint('POST', '/v1/payment_intents/:id/cancel', {}, ({ world, ids }) => {
    mustFindIntent(world, ids[0]!);
    throw invalidRequest(
      'You cannot cancel this PaymentIntent because it was created by Checkout. To cancel, expire the Checkout Session instead.',
      { code: 'payment_intent_unexpected_state' },
    );
  }),
];

export function mustFindIntent(
  world: World,
  id: string,
  param = 'intent',
  status = 404,
): Stripe.PaymentIntent {
  const intent = world.store.paymentIntents.get(id);
  if (intent === undefined) throw missingResource('payment_intent', id, param, status);
  return intent;
}
