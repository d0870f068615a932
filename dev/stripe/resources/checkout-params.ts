import { invalidRequest } from '../wire/errors.js';
import { boolean, integer, list, nameOf, object, oneOf, optional, type Read, text } from '../wire/fields.js';
import { metadata } from '../wire/metadata.js';
import { shippingField } from './shipping.js';

const productData = object({
  name: text(),
  description: optional(text()),
  images: optional(list(text())),
  metadata,
  tax_code: optional(text()),
});

const priceData = object({
  currency: text(),
  unit_amount: integer({ minimum: 0 }),
  product_data: productData,
  tax_behavior: optional(oneOf('exclusive', 'inclusive', 'unspecified')),
});

const lineItemFields = object({
  price: optional(text()),
  price_data: optional(priceData),
  quantity: optional(integer({ minimum: 0 })),
  metadata,
});

/** One that names a price, or describes one. */
const lineItem: typeof lineItemFields = {
  read(value, name) {
    const item = lineItemFields.read(value, name);
    if (item.price === undefined && item.price_data === undefined) {
      const param = nameOf(name, 'price_data');
      throw invalidRequest(`Missing required param: ${param}.`, { code: 'parameter_missing', param });
    }
    if (item.price !== undefined && item.price_data !== undefined) {
      throw invalidRequest('You may only specify one of these parameters: price, price_data.', {
        param: name,
      });
    }
    return item;
  },
};

/** What `payment_intent_data` and a PaymentIntent itself have in common. */
export const paymentIntentFields = {
  application_fee_amount: optional(integer({ minimum: 0 })),
  capture_method: optional(oneOf('automatic', 'automatic_async')),
  description: optional(text(1000)),
  metadata,
  on_behalf_of: optional(text()),
  receipt_email: optional(text()),
  setup_future_usage: optional(oneOf('off_session', 'on_session')),
  shipping: optional(shippingField),
  statement_descriptor_suffix: optional(text(22)),
  transfer_data: optional(object({ destination: text(), amount: optional(integer({ minimum: 0 })) })),
  transfer_group: optional(text()),
} as const;

/**
 * The parameters of https://docs.stripe.com/api/checkout/sessions/create that are understood: a one-off
 * payment on the hosted page. All else is answered with `parameter_unknown`.
 */
export const createFields = {
  adaptive_pricing: optional(object({ enabled: optional(boolean()) })),
  allow_promotion_codes: optional(boolean()),
  billing_address_collection: optional(oneOf('auto', 'required')),
  cancel_url: optional(text()),
  client_reference_id: optional(text(200)),
  currency: optional(text()),
  customer_creation: optional(oneOf('always', 'if_required')),
  customer_email: optional(text(800)),
  expires_at: optional(integer()),
  line_items: list(lineItem),
  locale: optional(text(10)),
  metadata,
  mode: oneOf('payment'),
  payment_intent_data: optional(object(paymentIntentFields)),
  payment_method_types: optional(list(text())),
  submit_type: optional(oneOf('auto', 'book', 'donate', 'pay')),
  success_url: text(),
  ui_mode: optional(oneOf('hosted_page', 'hosted')),
} as const;

export type CreateParams = Read<typeof createFields>;
export type LineItemParams = CreateParams['line_items'][number];
export type PaymentIntentData = NonNullable<CreateParams['payment_intent_data']>;
