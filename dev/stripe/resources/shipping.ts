import type Stripe from 'stripe';
import { object, optional, type Read, text } from '../wire/fields.js';

export const addressField = object({
  city: optional(text()),
  country: optional(text(2)),
  line1: optional(text()),
  line2: optional(text()),
  postal_code: optional(text()),
  state: optional(text()),
});

export const shippingField = object({
  address: addressField,
  carrier: optional(text()),
  name: text(),
  phone: optional(text()),
  tracking_number: optional(text()),
});

export function readAddress(given: Read<{ address: typeof addressField }>['address']): Stripe.Address {
  return {
    city: given.city ?? null,
    country: given.country ?? null,
    line1: given.line1 ?? null,
    line2: given.line2 ?? null,
    postal_code: given.postal_code ?? null,
    state: given.state ?? null,
  };
}

export function readShipping(
  given: Read<{ shipping: typeof shippingField }>['shipping'],
): Stripe.PaymentIntent.Shipping {
  return {
    address: readAddress(given.address),
    carrier: given.carrier ?? null,
    name: given.name,
    phone: given.phone ?? null,
    tracking_number: given.tracking_number ?? null,
  };
}
