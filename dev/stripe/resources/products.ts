import type Stripe from 'stripe';
import { checkFraction, readCurrency } from '../state/currencies.js';
import { now, type World } from '../state/world.js';
import { type Call, type Endpoint, endpoint } from '../wire/endpoint.js';
import { invalidRequest, missingResource } from '../wire/errors.js';
import { boolean, clearable, integer, list, oneOf, optional, type Read, text } from '../wire/fields.js';
import { changeMetadata, metadata } from '../wire/metadata.js';
import { createdField, isWithin, page, pagingFields } from '../wire/paging.js';
import { newPrice, newProduct } from './price-shapes.js';

const productFields = {
  active: optional(boolean()),
  description: optional(text()),
  images: optional(list(text())),
  metadata,
  name: text(),
} as const;

const productChanges = { ...productFields, description: clearable(text()), name: optional(text()) } as const;

const priceFields = {
  active: optional(boolean()),
  currency: text(),
  lookup_key: optional(text(200)),
  metadata,
  nickname: optional(text()),
  product: text(),
  tax_behavior: optional(oneOf('exclusive', 'inclusive', 'unspecified')),
  unit_amount: integer({ minimum: 0 }),
} as const;

const priceChanges = { active: optional(boolean()), metadata, nickname: optional(text()) } as const;

const productFilters = { ...pagingFields, active: optional(boolean()), created: createdField } as const;

/** https://docs.stripe.com/api/products and https://docs.stripe.com/api/prices, for one-off payments */
export const productEndpoints: readonly Endpoint[] = [
  endpoint('POST', '/v1/products', productFields, createProduct),
  endpoint('GET', '/v1/products', productFilters, ({ world, params }) =>
    page(
      world.store.products,
      params,
      '/v1/products',
      (product) =>
        isWithin(product.created, params.created) && product.active === (params.active ?? product.active),
    ),
  ),
  endpoint('GET', '/v1/products/:id', {}, ({ world, ids }) => mustFindProduct(world, ids[0]!)),
  endpoint('POST', '/v1/products/:id', productChanges, updateProduct),
  endpoint('POST', '/v1/prices', priceFields, createPrice),
  endpoint('GET', '/v1/prices', { ...productFilters, product: optional(text()) }, ({ world, params }) =>
    page(
      world.store.prices,
      params,
      '/v1/prices',
      (price) =>
        isWithin(price.created, params.created) &&
        price.active === (params.active ?? price.active) &&
        price.product === (params.product ?? price.product),
    ),
  ),
  endpoint('GET', '/v1/prices/:id', {}, ({ world, ids }) => mustFindPrice(world, ids[0]!)),
  endpoint('POST', '/v1/prices/:id', priceChanges, updatePrice),
];

function createProduct({ world, params }: Call<Read<typeof productFields>>): Stripe.Product {
  const product = newProduct({
    name: params.name,
    description: params.description ?? null,
    images: params.images ?? [],
    active: params.active ?? true,
    metadata: changeMetadata({}, params.metadata),
  });
  world.events.emit('product.created', world.store.products.add(product));
  return product;
}

function updateProduct({ world, params, ids }: Call<Read<typeof productChanges>>): Stripe.Product {
  const product = mustFindProduct(world, ids[0]!);
  const { active, description, images, metadata: present, name } = product;
  product.active = params.active ?? active;
  if (params.description !== undefined) product.description = params.description;
  product.images = params.images ?? images;
  product.name = params.name ?? name;
  product.metadata = changeMetadata(present, params.metadata);
  product.updated = now();
  const previous = { active, description, images, metadata: present, name };
  world.events.emit('product.updated', product, { previous });
  return product;
}

function createPrice({ world, params }: Call<Read<typeof priceFields>>): Stripe.Price {
  const product = mustFindProduct(world, params.product, 'product', 400);
  const currency = readCurrency(params.currency, 'currency');
  checkFraction(params.unit_amount, currency, 'unit_amount');
  const price = newPrice({
    product: product.id,
    currency,
    unitAmount: params.unit_amount,
    active: params.active ?? true,
    nickname: params.nickname,
    lookupKey: params.lookup_key,
    taxBehavior: params.tax_behavior,
    metadata: changeMetadata({}, params.metadata),
  });
  world.events.emit('price.created', world.store.prices.add(price));
  return price;
}

/** Amounts stand for good: "a new price must be created" (https://docs.stripe.com/api/prices/update). */
function updatePrice({ world, params, ids }: Call<Read<typeof priceChanges>>): Stripe.Price {
  const price = mustFindPrice(world, ids[0]!);
  const previous = { active: price.active, metadata: price.metadata, nickname: price.nickname };
  price.active = params.active ?? price.active;
  price.nickname = params.nickname ?? price.nickname;
  price.metadata = changeMetadata(price.metadata, params.metadata);
  world.events.emit('price.updated', price, { previous });
  return price;
}

/** @throws StripeFailure where there is none, or it is not sold any more */
export function mustFindSold(world: World, id: string, param: string): [Stripe.Price, Stripe.Product] {
  const price = mustFindPrice(world, id, param, 400);
  const product = mustFindProduct(world, price.product as string);
  if (price.active && product.active) return [price, product];
  throw invalidRequest(
    `The price specified is inactive, or its product is. This field only accepts active prices: ${id}.`,
    { param },
  );
}

function mustFindPrice(world: World, id: string, param = 'price', status = 404): Stripe.Price {
  const price = world.store.prices.get(id);
  if (price === undefined) throw missingResource('price', id, param, status);
  return price;
}

function mustFindProduct(world: World, id: string, param = 'id', status = 404): Stripe.Product {
  const product = world.store.products.get(id);
  if (product === undefined) throw missingResource('product', id, param, status);
  return product;
}
