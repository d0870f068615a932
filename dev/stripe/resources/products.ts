import type Stripe from 'stripe';
import { newId } from '../state/ids.js';
import { now, type World } from '../state/world.js';
import { type Endpoint, endpoint } from '../wire/endpoint.js';
import { missingResource } from '../wire/errors.js';
import { boolean, optional, text } from '../wire/fields.js';
import { changeMetadata, metadata } from '../wire/metadata.js';
import { page, pagingFields } from '../wire/paging.js';

const createFields = {
  active: optional(boolean()),
  description: optional(text()),
  metadata,
  name: text(),
} as const;

/** https://docs.stripe.com/api/products */
export const productEndpoints: readonly Endpoint[] = [
  endpoint('POST', '/v1/products', createFields, ({ world, params }) => {
    const product = world.store.products.add({
      ...newProduct(params.name),
      active: params.active ?? true,
      description: params.description ?? null,
      metadata: changeMetadata({}, params.metadata),
    });
    world.events.emit('product.created', product);
    return product;
  }),
  endpoint('GET', '/v1/products', pagingFields, ({ world, params }) =>
    page(world.store.products, params, '/v1/products', () => true),
  ),
  endpoint('GET', '/v1/products/:id', {}, ({ world, ids }) => mustFindProduct(world, ids[0]!, 'id', 404)),
];

/** @throws StripeFailure when there is none */
export function mustFindProduct(world: World, id: string, param: string, status: 400 | 404): Stripe.Product {
  const product = world.store.products.get(id);
  if (product === undefined) throw missingResource('product', id, param, status);
  return product;
}

function newProduct(name: string): Stripe.Product {
  return {
    id: newId('prod_', 14),
    object: 'product',
    active: true,
    created: now(),
    default_price: null,
    description: null,
    images: [],
    livemode: false,
    marketing_features: [],
    metadata: {},
    name,
    package_dimensions: null,
    shippable: null,
    statement_descriptor: null,
    tax_code: null,
    tax_details: null,
    type: 'service',
    unit_label: null,
    updated: now(),
    url: null,
  };
}
