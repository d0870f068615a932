import type Stripe from 'stripe';
import { refundFee } from '../actions/reversals.js';
import type { World } from '../state/world.js';
import { type Endpoint, endpoint } from '../wire/endpoint.js';
import { missingResource } from '../wire/errors.js';
import { integer, optional, text } from '../wire/fields.js';
import { changeMetadata, metadata } from '../wire/metadata.js';
import { createdField, isWithin, page, pagingFields } from '../wire/paging.js';

/** https://docs.stripe.com/api/application_fees and https://docs.stripe.com/api/fee_refunds */
export const applicationFeeEndpoints: readonly Endpoint[] = [
  endpoint(
    'GET',
    '/v1/application_fees',
    { ...pagingFields, charge: optional(text()), created: createdField },
    ({ world, params }) =>
      page(world.store.applicationFees, params, '/v1/application_fees', (fee) => {
        return (
          isWithin(fee.created, params.created) &&
          (params.charge === undefined ||
            fee.charge === params.charge ||
            fee.originating_transaction === params.charge)
        );
      }),
  ),
  endpoint('GET', '/v1/application_fees/:id', {}, ({ world, ids }) => mustFindFee(world, ids[0]!)),
  endpoint(
    'POST',
    '/v1/application_fees/:id/refunds',
    { amount: optional(integer({ minimum: 1 })), metadata },
    ({ world, ids, params }) =>
      refundFee(world, mustFindFee(world, ids[0]!), params.amount, changeMetadata({}, params.metadata)),
  ),
  endpoint('GET', '/v1/application_fees/:id/refunds', { ...pagingFields }, ({ world, ids, params }) => {
    const fee = mustFindFee(world, ids[0]!);
    return page(
      world.store.feeRefunds,
      params,
      `/v1/application_fees/${fee.id}/refunds`,
      (refund) => refund.fee === fee.id,
    );
  }),
];

function mustFindFee(world: World, id: string): Stripe.ApplicationFee {
  const fee = world.store.applicationFees.get(id);
  if (fee === undefined) throw missingResource('application_fee', id, 'id');
  return fee;
}
