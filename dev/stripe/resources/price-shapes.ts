import Stripe from 'stripe';
import { newId } from '../state/ids.js';
import { now } from '../state/world.js';

export interface NewProduct {
  readonly name: string;
  readonly description: string | null;
  readonly images: string[];
  readonly active: boolean;
  readonly metadata: Record<string, string>;
}

/** https://docs.stripe.com/api/products/object */
export function newProduct(given: NewProduct): Stripe.Product {
  return {
    id: newId('prod_', 14),
    object: 'product',
    active: given.active,
    created: now(),
    default_price: null,
    description: given.description,
    images: given.images,
    livemode: false,
    marketing_features: [],
    metadata: given.metadata,
    name: given.name,
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

export interface NewPrice {
  readonly product: string;
  readonly currency: string;
  /** Minor units. */
  readonly unitAmount: number;
  readonly active: boolean;
  readonly nickname?: string | undefined;
  readonly lookupKey?: string | undefined;
  readonly taxBehavior?: 'exclusive' | 'inclusive' | 'unspecified' | undefined;
  readonly metadata?: Record<string, string>;
}

/** https://docs.stripe.com/api/prices/object, for one-off payments */
export function newPrice(given: NewPrice): Stripe.Price {
  return {
    id: newId('price_1'),
    object: 'price',
    active: given.active,
    billing_scheme: 'per_unit',
    created: now(),
    currency: given.currency,
    custom_unit_amount: null,
    livemode: false,
    lookup_key: given.lookupKey ?? null,
    metadata: given.metadata ?? {},
    nickname: given.nickname ?? null,
    product: given.product,
    recurring: null,
    tax_behavior: given.taxBehavior ?? 'unspecified',
    tiers_mode: null,
    transform_quantity: null,
    type: 'one_time',
    unit_amount: given.unitAmount,
    unit_amount_decimal: Stripe.Decimal.from(given.unitAmount),
  };
}
