import type Stripe from 'stripe';
import { expireSession, mustFindSession } from '../actions/sessions.js';
import { Collection } from '../state/collection.js';
import { type Call, type Endpoint, endpoint } from '../wire/endpoint.js';
import { object, oneOf, optional, text } from '../wire/fields.js';
import { changeMetadata, metadata } from '../wire/metadata.js';
import { createdField, isWithin, page, pagingFields } from '../wire/paging.js';
import { type CreateParams, createFields } from './checkout-params.js';
import { buildLineItems, readExpiry, readPaymentMethodTypes, readPlan } from './checkout-rules.js';
import { newSession } from './session-shape.js';
import { checkEmail, checkUrl } from './values.js';

const listFields = {
  ...pagingFields,
  created: createdField,
  customer_details: optional(object({ email: text() })),
  payment_intent: optional(text()),
  status: optional(oneOf('open', 'complete', 'expired')),
} as const;

/** https://docs.stripe.com/api/checkout/sessions */
export const checkoutSessionEndpoints: readonly Endpoint[] = [
  endpoint('POST', '/v1/checkout/sessions', createFields, create),
  endpoint('GET', '/v1/checkout/sessions', listFields, ({ world, params }) =>
    page(world.store.sessions, params, '/v1/checkout/sessions', (session) => {
      return (
        isWithin(session.created, params.created) &&
        (params.payment_intent === undefined || session.payment_intent === params.payment_intent) &&
        (params.status === undefined || session.status === params.status) &&
        (params.customer_details === undefined ||
          session.customer_details?.email === params.customer_details.email)
      );
    }),
  ),
  endpoint('GET', '/v1/checkout/sessions/:id', {}, ({ world, ids }) => mustFindSession(world, ids[0]!)),
  endpoint('POST', '/v1/checkout/sessions/:id', { metadata }, ({ world, ids, params }) => {
    const session = mustFindSession(world, ids[0]!);
    session.metadata = changeMetadata(session.metadata ?? {}, params.metadata);
    return session;
  }),
  endpoint('POST', '/v1/checkout/sessions/:id/expire', {}, ({ world, ids }) => expireSession(world, ids[0]!)),
  endpoint('GET', '/v1/checkout/sessions/:id/line_items', { ...pagingFields }, ({ world, ids, params }) => {
    const session = mustFindSession(world, ids[0]!);
    return lineItemsPage(world.store.lineItems.get(session.id)!, params, session.id);
  }),
];

function create({ world, params }: Call<CreateParams>): Stripe.Checkout.Session {
  checkUrl(params.success_url, 'success_url');
  if (params.cancel_url !== undefined) checkUrl(params.cancel_url, 'cancel_url');
  if (params.customer_email !== undefined) checkEmail(params.customer_email, 'customer_email');
  const { items, total, currency } = buildLineItems(world, params.line_items);
  const plan = readPlan(world, params.payment_intent_data, currency, 'payment_intent_data');
  const session = newSession({
    publicUrl: world.publicUrl,
    total,
    currency,
    expiresAt: readExpiry(params.expires_at),
    successUrl: params.success_url,
    cancelUrl: params.cancel_url ?? null,
    clientReferenceId: params.client_reference_id ?? null,
    customerEmail: params.customer_email ?? null,
    metadata: changeMetadata({}, params.metadata),
    paymentMethodTypes: readPaymentMethodTypes(params.payment_method_types, currency),
    locale: params.locale ?? null,
    submitType: params.submit_type ?? null,
  });
  session.allow_promotion_codes = params.allow_promotion_codes ?? null;
  session.billing_address_collection = params.billing_address_collection ?? null;
  if (params.customer_creation !== undefined) session.customer_creation = params.customer_creation;
  const kept = new Collection<Stripe.LineItem>();
  for (const item of items) kept.add(item);
  world.store.lineItems.set(session.id, kept);
  world.store.plans.set(session.id, plan);
  return world.store.sessions.add(session);
}

/** Line items alone are listed in the order in which they were given. */
function lineItemsPage(
  items: Collection<Stripe.LineItem>,
  paging: Parameters<typeof page>[1],
  sessionId: string,
): Stripe.ApiList<Stripe.LineItem> {
  const turned = new Collection<Stripe.LineItem>();
  for (const item of items.newestFirst()) turned.add(item);
  return page(turned, paging, `/v1/checkout/sessions/${sessionId}/line_items`);
}
