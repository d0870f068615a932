import { invalidRequest } from '../wire/errors.js';
import { object, optional, type Read, text } from '../wire/fields.js';

/** https://docs.stripe.com/api/charges/object (address): every line of it may be missing. */
export const addressFields = {
  city: optional(text()),
  country: optional(text(2)),
  line1: optional(text()),
  line2: optional(text()),
  postal_code: optional(text()),
  state: optional(text()),
} as const;

export const shippingField = object({
  address: object(addressFields),
  carrier: optional(text()),
  name: text(),
  phone: optional(text()),
  tracking_number: optional(text()),
});

export type Shipping = ReturnType<typeof shippingField.read>;

/** As Stripe answers it: null where nothing is known. */
export function addressOf(given: Read<typeof addressFields> | undefined) {
  return {
    city: given?.city ?? null,
    country: given?.country ?? null,
    line1: given?.line1 ?? null,
    line2: given?.line2 ?? null,
    postal_code: given?.postal_code ?? null,
    state: given?.state ?? null,
  };
}

/** An absolute http(s) URL; a template such as `{CHECKOUT_SESSION_ID}` in it is fine. */
export function checkUrl(given: string, param: string): void {
  const parsed = URL.canParse(given) ? new URL(given) : undefined;
  if (parsed?.protocol === 'http:' || parsed?.protocol === 'https:') return;
  const hint = parsed === undefined ? ' URLs must begin with http or https.' : '';
  throw invalidRequest(`Not a valid URL${hint}`, { code: 'url_invalid', param });
}

export function checkEmail(given: string, param: string): void {
  if (/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(given)) return;
  throw invalidRequest(`Invalid email address: ${given}`, { code: 'email_invalid', param });
}
