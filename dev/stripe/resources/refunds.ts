import type Stripe from 'stripe';
import { createRefund } from '../actions/refunds.js';
import type { World } from '../state/world.js';
import { type Call, type Endpoint, endpoint } from '../wire/endpoint.js';
import { invalidRequest, missingResource } from '../wire/errors.js';
import { boolean, integer, oneOf, optional, type Read, text } from '../wire/fields.js';
import { changeMetadata, metadata } from '../wire/metadata.js';
import { createdField, isWithin, page, pagingFields } from '../wire/paging.js';
import { mustFindCharge } from './charges.js';
import { mustFindIntent } from './payment-intents.js';

const createFields = {
  amount: optional(integer({ minimum: 1 })),
  charge: optional(text()),
  metadata,
  payment_intent: optional(text()),
  reason: optional(oneOf('duplicate', 'fraudulent', 'requested_by_customer')),
  refund_application_fee: optional(boolean()),
  reverse_transfer: optional(boolean()),
} as const;

/** https://docs.stripe.com/api/refunds */
export const refundEndpoints: readonly Endpoint[] = [
  endpoint('POST', '/v1/refunds', createFields, create),
  endpoint(
    'GET',
    '/v1/refunds',
    {
      ...pagingFields,
      charge: optional(text()),
      created: createdField,
      payment_intent: optional(text()),
    },
    ({ world, params }) =>
      page(world.store.refunds, params, '/v1/refunds', (refund) => {
        return (
          isWithin(refund.created, params.created) &&
          (params.charge === undefined || refund.charge === params.charge) &&
          (params.payment_intent === undefined || refund.payment_intent === params.payment_intent)
        );
      }),
  ),
  endpoint('GET', '/v1/refunds/:id', {}, ({ world, ids }) => mustFindRefund(world, ids[0]!)),
  endpoint('POST', '/v1/refunds/:id', { metadata }, ({ world, ids, params }) => {
    const refund = mustFindRefund(world, ids[0]!);
    const previous = { metadata: refund.metadata };
    refund.metadata = changeMetadata(refund.metadata ?? {}, params.metadata);
    world.events.emit('refund.updated', refund, { previous });
    world.events.emit('charge.refund.updated', refund, { previous });
    return refund;
  }),
];

function create({ world, params }: Call<Read<typeof createFields>>): Stripe.Refund {
  return createRefund(world, findCharge(world, params.charge, params.payment_intent), {
    amount: params.amount,
    reason: params.reason ?? null,
    metadata: changeMetadata({}, params.metadata),
    reverseTransfer: params.reverse_transfer ?? false,
    refundApplicationFee: params.refund_application_fee ?? false,
  });
}

function findCharge(world: World, chargeId: string | undefined, intentId: string | undefined): Stripe.Charge {
  if (chargeId !== undefined && intentId !== undefined) {
    throw invalidRequest('You may only specify one of these parameters: charge, payment_intent.');
  }
  if (chargeId !== undefined) return mustFindCharge(world, chargeId, 'charge', 400);
  if (intentId === undefined) {
    throw invalidRequest(
      'One of the following params should be provided for this request: payment_intent or charge.',
    );
  }
  const intent = mustFindIntent(world, intentId, 'payment_intent', 400);
  if (intent.status !== 'succeeded') {
    throw invalidRequest(`This PaymentIntent (${intent.id}) does not have a successful charge to refund.`, {
      param: 'payment_intent',
    });
  }
  return world.store.charges.get(intent.latest_charge as string)!;
}

function mustFindRefund(world: World, id: string): Stripe.Refund {
  const refund = world.store.refunds.get(id);
  if (refund === undefined) throw missingResource('refund', id, 'refund');
  return refund;
}
