import type Stripe from 'stripe';
import { newId } from '../state/ids.js';
import { now } from '../state/world.js';

type Session = Stripe.Checkout.Session;

/** What differs from one new Checkout Session to the next; amounts in minor units. */
export interface NewSession {
  readonly publicUrl: string;
  readonly total: number;
  readonly currency: string;
  readonly expiresAt: number;
  readonly successUrl: string;
  readonly cancelUrl: string | null;
  readonly clientReferenceId: string | null;
  readonly customerEmail: string | null;
  readonly metadata: Record<string, string>;
  readonly paymentMethodTypes: string[];
  readonly locale: string | null;
  readonly submitType: string | null;
}

/** https://docs.stripe.com/api/checkout/sessions/object, for `mode: payment` on the hosted page. */
export function newSession(given: NewSession): Session {
  const id = newId('cs_test_', 58);
  return {
    ...absentFeatures(),
    id,
    object: 'checkout.session',
    amount_subtotal: given.total,
    amount_total: given.total,
    cancel_url: given.cancelUrl,
    client_reference_id: given.clientReferenceId,
    created: now(),
    currency: given.currency,
    customer_details:
      given.customerEmail === null
        ? null
        : { ...noDetails(), email: given.customerEmail, tax_exempt: 'none' },
    customer_email: given.customerEmail,
    expires_at: given.expiresAt,
    livemode: false,
    locale: given.locale,
    metadata: given.metadata,
    mode: 'payment',
    payment_intent: null,
    payment_method_types: given.paymentMethodTypes,
    payment_status: given.total === 0 ? 'no_payment_required' : 'unpaid',
    status: 'open',
    submit_type: given.submitType,
    success_url: given.successUrl,
    total_details: { amount_discount: 0, amount_shipping: 0, amount_tax: 0 },
    ui_mode: 'hosted_page',
    url: `${given.publicUrl}/pay/${id}`,
  };
}

export function noDetails(): Stripe.Checkout.Session.CustomerDetails {
  return {
    address: null,
    business_name: null,
    email: null,
    individual_name: null,
    name: null,
    phone: null,
    tax_exempt: null,
    tax_ids: null,
  };
}

/** Everything a plain one-off payment leaves empty. */
function absentFeatures() {
  return {
    adaptive_pricing: { enabled: false },
    after_expiration: null,
    allow_promotion_codes: null,
    allowed_payment_method_types: null,
    automatic_tax: { enabled: false, liability: null, provider: null, status: null },
    billing_address_collection: null,
    client_secret: null,
    collected_information: null,
    consent: null,
    consent_collection: null,
    currency_conversion: null,
    custom_fields: [],
    custom_text: {
      after_submit: null,
      shipping_address: null,
      submit: null,
      terms_of_service_acceptance: null,
    },
    customer: null,
    customer_account: null,
    customer_creation: 'if_required',
    discounts: [],
    integration_identifier: null,
    invoice: null,
    invoice_creation: null,
    managed_payments: null,
    origin_context: null,
    payment_link: null,
    payment_method_collection: 'if_required',
    payment_method_configuration_details: null,
    payment_method_options: {},
    permissions: null,
    phone_number_collection: { enabled: false },
    recovered_from: null,
    saved_payment_method_options: null,
    setup_intent: null,
    shipping_address_collection: null,
    shipping_cost: null,
    shipping_options: [],
    subscription: null,
    wallet_options: null,
  } satisfies Partial<Session>;
}
