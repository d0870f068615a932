import type Stripe from 'stripe';
import { checkFraction, checkTotal, readCurrency } from '../state/currencies.js';
import { newId } from '../state/ids.js';
import type { PaymentPlan } from '../state/store.js';
import { now, type World } from '../state/world.js';
import { invalidRequest, missingResource } from '../wire/errors.js';
import { nameOf } from '../wire/fields.js';
import { changeMetadata } from '../wire/metadata.js';
import { checkDestination } from './account-rules.js';
import type { LineItemParams, PaymentIntentData } from './checkout-params.js';
import { newPrice } from './price-shapes.js';
import { mustFindSold } from './products.js';
import { readShipping } from './shipping.js';

const MAXIMUM_LINE_ITEMS = 100;
const SHORTEST_LIFE_SECONDS = 30 * 60;
const LONGEST_LIFE_SECONDS = 24 * 60 * 60;

/** The delayed method that Stripe would offer for a currency, besides cards. */
const DELAYED_METHOD: Readonly<Record<string, string>> = {
  usd: 'us_bank_account',
  gbp: 'bacs_debit',
  jpy: 'konbini',
  aud: 'au_becs_debit',
  cad: 'acss_debit',
  mxn: 'oxxo',
  brl: 'boleto',
};
/** Methods whose money arrives, or fails to, after the buyer has left the page. */
const DELAYED_METHODS = new Set([...Object.values(DELAYED_METHOD), 'sepa_debit']);

export function isDelayedMethod(type: string): boolean {
  return DELAYED_METHODS.has(type);
}

/** Without a choice, cards and one delayed method: Stripe offers what the currency allows. */
export function readPaymentMethodTypes(given: readonly string[] | undefined, currency: string): string[] {
  if (given === undefined || given.length === 0) return ['card', DELAYED_METHOD[currency] ?? 'sepa_debit'];
  for (const [place, type] of given.entries()) {
    if (type === 'card' || DELAYED_METHODS.has(type)) continue;
    throw invalidRequest(
      `Invalid payment_method_types[${place}]: must be one of card, ${[...DELAYED_METHODS].join(', ')}`,
      { param: `payment_method_types[${place}]` },
    );
  }
  return [...given];
}

/**
 * "It can be anywhere from 30 minutes to 24 hours after Checkout Session creation"
 * (https://docs.stripe.com/api/checkout/sessions/create, `expires_at`).
 */
export function readExpiry(given: number | undefined): number {
  const created = now();
  if (given === undefined) return created + LONGEST_LIFE_SECONDS;
  if (given < created + SHORTEST_LIFE_SECONDS) {
    throw invalidRequest(
      'The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.',
      { param: 'expires_at' },
    );
  }
  if (given > created + LONGEST_LIFE_SECONDS) {
    throw invalidRequest(
      'The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.',
      { param: 'expires_at' },
    );
  }
  return given;
}

interface Bill {
  readonly items: Stripe.LineItem[];
  readonly total: number;
  readonly currency: string;
}

export function buildLineItems(world: World, given: readonly LineItemParams[]): Bill {
  if (given.length === 0) {
    throw invalidRequest('Missing required param: line_items.', {
      code: 'parameter_missing',
      param: 'line_items',
    });
  }
  if (given.length > MAXIMUM_LINE_ITEMS) {
    throw invalidRequest(`You may only specify up to ${MAXIMUM_LINE_ITEMS} line items.`, {
      param: 'line_items',
    });
  }
  const items = given.map((item, place) => buildLineItem(world, item, `line_items[${place}]`));
  const currency = items[0]!.currency;
  if (items.some((item) => item.currency !== currency)) {
    throw invalidRequest('All line items must have the same currency.', { param: 'line_items' });
  }
  const total = items.reduce((sum, item) => sum + item.amount_total, 0);
  checkTotal(total, currency, "The Checkout Session's total amount due");
  return { items, total, currency };
}

function buildLineItem(world: World, given: LineItemParams, param: string): Stripe.LineItem {
  const quantity = given.quantity;
  if (quantity === undefined) {
    throw invalidRequest(`Quantity is required. Add \`quantity\` to \`${param}\``, {
      param: `${param}[quantity]`,
    });
  }
  if (quantity < 1) {
    throw invalidRequest('This value must be greater than or equal to 1.', {
      code: 'parameter_invalid_integer',
      param: `${param}[quantity]`,
    });
  }
  const { price, name } = readPrice(world, given, param);
  const amount = price.unit_amount! * quantity;
  return {
    id: newId('li_1'),
    object: 'item',
    adjustable_quantity: null,
    amount_discount: 0,
    amount_subtotal: amount,
    amount_tax: 0,
    amount_total: amount,
    currency: price.currency,
    description: name,
    metadata: changeMetadata({}, given.metadata),
    price,
    quantity,
  };
}

function readPrice(
  world: World,
  given: LineItemParams,
  param: string,
): { price: Stripe.Price; name: string } {
  if (given.price_data === undefined) {
    const [price, product] = mustFindSold(world, given.price!, `${param}[price]`);
    return { price, name: product.name };
  }
  const data = given.price_data;
  const currency = readCurrency(data.currency, `${param}[price_data][currency]`);
  checkFraction(data.unit_amount, currency, `${param}[price_data][unit_amount]`);
  const product = newId('prod_', 14);
  const price = newPrice({ product, currency, unitAmount: data.unit_amount, active: false });
  return { price, name: data.product_data.name };
}

/**
 * What will be charged. A fee above the total is no error: "the application fee collected will be capped
 * at the total amount captured" (same page, `payment_intent_data.application_fee_amount`).
 */
export function readPlan(
  world: World,
  given: PaymentIntentData | undefined,
  currency: string,
  param: string,
): PaymentPlan {
  if (given !== undefined) checkConnect(world, given, currency, param);
  const transfer = given?.transfer_data;
  return {
    description: given?.description ?? null,
    metadata: changeMetadata({}, given?.metadata),
    applicationFeeAmount: given?.application_fee_amount ?? null,
    destination: transfer?.destination ?? null,
    transferAmount: transfer?.amount ?? null,
    onBehalfOf: given?.on_behalf_of ?? null,
    transferGroup: given?.transfer_group ?? null,
    statementDescriptorSuffix: given?.statement_descriptor_suffix ?? null,
    receiptEmail: given?.receipt_email ?? null,
    setupFutureUsage: given?.setup_future_usage ?? null,
    shipping: given?.shipping === undefined ? null : readShipping(given.shipping),
  };
}

function checkConnect(world: World, given: PaymentIntentData, currency: string, param: string): void {
  const transfer = given.transfer_data;
  if (given.application_fee_amount !== undefined && transfer === undefined) {
    throw invalidRequest(
      'Can only apply an application_fee_amount when the PaymentIntent is attempting a direct payment (using an OAuth key or Stripe-Account header) or destination payment (using `transfer_data[destination]`).',
      { param: nameOf(param, 'application_fee_amount') },
    );
  }
  if (given.application_fee_amount !== undefined && transfer?.amount !== undefined) {
    throw invalidRequest(
      'You may only specify one of these parameters: application_fee_amount, transfer_data[amount].',
      param === '' ? {} : { param },
    );
  }
  if (given.on_behalf_of !== undefined && world.store.accounts.get(given.on_behalf_of) === undefined) {
    throw missingResource('account', given.on_behalf_of, nameOf(param, 'on_behalf_of'), 400);
  }
  if (transfer === undefined) return;
  checkDestination(world, transfer.destination, nameOf(nameOf(param, 'transfer_data'), 'destination'));
  if (transfer.amount !== undefined) {
    checkFraction(transfer.amount, currency, nameOf(nameOf(param, 'transfer_data'), 'amount'));
  }
}
