import Stripe from 'stripe';
import { checkLastDigit, readCurrency } from '../state/currencies.js';
import { newId } from '../state/ids.js';
import { now, type World } from '../state/world.js';
import { type Endpoint, endpoint } from '../wire/endpoint.js';
import { missingResource } from '../wire/errors.js';
import { boolean, integer, optional, text } from '../wire/fields.js';
import { changeMetadata, metadata } from '../wire/metadata.js';
import { page, pagingFields } from '../wire/paging.js';
import { mustFindProduct } from './products.js';

const createFields = {
  active: optional(boolean()),
  currency: text(),
  metadata,
  nickname: optional(text()),
  product: text(),
  unit_amount: integer({ minimum: 0 }),
} as const;

/** https://docs.stripe.com/api/prices, for one-off payments of a fixed amount */
export const priceEndpoints: readonly Endpoint[] = [
  endpoint('POST', '/v1/prices', createFields, ({ world, params }) => {
    const product = mustFindProduct(world, params.product, 'product', 400);
    const currency = readCurrency(params.currency, 'currency');
    checkLastDigit(params.unit_amount, currency, 'unit_amount');
    const price = world.store.prices.add({
      ...newPrice(currency, params.unit_amount, product.id),
      active: params.active ?? true,
      nickname: params.nickname ?? null,
      metadata: changeMetadata({}, params.metadata),
    });
    world.events.emit('price.created', price);
    return price;
  }),
  endpoint('GET', '/v1/prices', pagingFields, ({ world, params }) =>
    page(world.store.prices, params, '/v1/prices', () => true),
  ),
  endpoint('GET', '/v1/prices/:id', {}, ({ world, ids }) => mustFindPrice(world, ids[0]!, 'price', 404)),
];

/** @throws StripeFailure when there is none */
export function mustFindPrice(world: World, id: string, param: string, status: 400 | 404): Stripe.Price {
  const price = world.store.prices.get(id);
  if (price === undefined) throw missingResource('price', id, param, status);
  return price;
}

/** @param unitAmount in minor units of `currency` */
export function newPrice(currency: string, unitAmount: number, product: string): Stripe.Price {
  return {
    id: newId('price_1'),
    object: 'price',
    active: false,
    billing_scheme: 'per_unit',
    created: now(),
    currency,
    custom_unit_amount: null,
    livemode: false,
    lookup_key: null,
    metadata: {},
    nickname: null,
    product,
    recurring: null,
    tax_behavior: 'unspecified',
    tiers_mode: null,
    transform_quantity: null,
    type: 'one_time',
    unit_amount: unitAmount,
    unit_amount_decimal: Stripe.Decimal.from(unitAmount),
  };
}
