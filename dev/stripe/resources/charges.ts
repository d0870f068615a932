import type Stripe from 'stripe';
import type { World } from '../state/world.js';
import { type Endpoint, endpoint } from '../wire/endpoint.js';
import { missingResource } from '../wire/errors.js';
import { clearable, optional, text } from '../wire/fields.js';
import { changeMetadata, metadata } from '../wire/metadata.js';
import { createdField, isWithin, page, pagingFields } from '../wire/paging.js';

/** https://docs.stripe.com/api/charges */
export const chargeEndpoints: readonly Endpoint[] = [
  endpoint(
    'GET',
    '/v1/charges',
    {
      ...pagingFields,
      created: createdField,
      payment_intent: optional(text()),
      transfer_group: optional(text()),
    },
    ({ world, params }) =>
      page(world.store.charges, params, '/v1/charges', (charge) => {
        return (
          isWithin(charge.created, params.created) &&
          (params.payment_intent === undefined || charge.payment_intent === params.payment_intent) &&
          (params.transfer_group === undefined || charge.transfer_group === params.transfer_group)
        );
      }),
  ),
  endpoint('GET', '/v1/charges/:id', {}, ({ world, ids }) => mustFindCharge(world, ids[0]!)),
  endpoint(
    'POST',
    '/v1/charges/:id',
    { description: clearable(text()), metadata },
    ({ world, ids, params }) => {
      const charge = mustFindCharge(world, ids[0]!);
      if (params.description !== undefined) charge.description = params.description;
      charge.metadata = changeMetadata(charge.metadata, params.metadata);
      world.events.emit('charge.updated', charge);
      return charge;
    },
  ),
];

export function mustFindCharge(world: World, id: string, param = 'id', status = 404): Stripe.Charge {
  const charge = world.store.charges.get(id);
  if (charge === undefined) throw missingResource('charge', id, param, status);
  return charge;
}
