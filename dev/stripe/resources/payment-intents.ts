import type Stripe from 'stripe';
import { attach, cancelIntent, confirmIntent, findPaymentMethod } from '../actions/intents.js';
import { checkFraction, checkTotal, readCurrency } from '../state/currencies.js';
import type { World } from '../state/world.js';
import { type Call, type Endpoint, endpoint } from '../wire/endpoint.js';
import { invalidRequest, missingResource } from '../wire/errors.js';
import { boolean, clearable, integer, list, oneOf, optional, type Read, text } from '../wire/fields.js';
import { changeMetadata, metadata } from '../wire/metadata.js';
import { createdField, isWithin, page, pagingFields } from '../wire/paging.js';
import { paymentIntentFields } from './checkout-params.js';
import { readPaymentMethodTypes, readPlan } from './checkout-rules.js';
import { newPaymentIntent } from './payment-shapes.js';

const createFields = {
  ...paymentIntentFields,
  amount: integer({ minimum: 1 }),
  confirm: optional(boolean()),
  currency: text(),
  payment_method: optional(text()),
  payment_method_types: optional(list(text())),
} as const;

const CANCELLATION_REASONS = ['abandoned', 'duplicate', 'fraudulent', 'requested_by_customer'] as const;

/** https://docs.stripe.com/api/payment_intents: those that Checkout made, and others that are confirmed at once. */
export const paymentIntentEndpoints: readonly Endpoint[] = [
  endpoint('POST', '/v1/payment_intents', createFields, create),
  endpoint('GET', '/v1/payment_intents', { ...pagingFields, created: createdField }, ({ world, params }) =>
    page(world.store.paymentIntents, params, '/v1/payment_intents', (intent) =>
      isWithin(intent.created, params.created),
    ),
  ),
  endpoint('GET', '/v1/payment_intents/:id', {}, ({ world, ids }) => mustFindIntent(world, ids[0]!)),
  endpoint(
    'POST',
    '/v1/payment_intents/:id',
    {
      description: clearable(text(1000)),
      metadata,
      receipt_email: clearable(text()),
    },
    ({ world, ids, params }) => {
      const intent = mustFindIntent(world, ids[0]!);
      if (params.description !== undefined) intent.description = params.description;
      if (params.receipt_email !== undefined) intent.receipt_email = params.receipt_email;
      intent.metadata = changeMetadata(intent.metadata, params.metadata);
      return intent;
    },
  ),
  endpoint(
    'POST',
    '/v1/payment_intents/:id/confirm',
    { payment_method: optional(text()) },
    ({ world, ids, params }) => {
      const intent = mustFindIntent(world, ids[0]!);
      mustBeOwn(world, intent, 'confirm');
      if (params.payment_method !== undefined) {
        attach(intent, findPaymentMethod(world, params.payment_method));
      }
      return confirmIntent(world, intent);
    },
  ),
  endpoint(
    'POST',
    '/v1/payment_intents/:id/cancel',
    { cancellation_reason: optional(oneOf(...CANCELLATION_REASONS)) },
    ({ world, ids, params }) => {
      const intent = mustFindIntent(world, ids[0]!);
      mustBeOwn(world, intent, 'cancel');
      return cancelIntent(world, intent, params.cancellation_reason ?? null);
    },
  ),
];

function create({ world, params }: Call<Read<typeof createFields>>): Stripe.PaymentIntent {
  const currency = readCurrency(params.currency, 'currency');
  checkFraction(params.amount, currency, 'amount');
  checkTotal(params.amount, currency, 'Amount');
  if (params.confirm === true && params.payment_method === undefined) {
    throw invalidRequest('A PaymentIntent is confirmed with a `payment_method`.', {
      code: 'parameter_missing',
      param: 'payment_method',
    });
  }
  const method =
    params.payment_method === undefined ? undefined : findPaymentMethod(world, params.payment_method);
  const paymentMethodTypes = readPaymentMethodTypes(params.payment_method_types, currency);
  const plan = readPlan(world, params, currency, '');
  const intent = newPaymentIntent({ amount: params.amount, currency, paymentMethodTypes }, plan);
  if (method !== undefined) attach(intent, method);
  world.events.emit('payment_intent.created', world.store.paymentIntents.add(intent));
  return params.confirm === true ? confirmIntent(world, intent) : intent;
}

function mustBeOwn(world: World, intent: Stripe.PaymentIntent, verb: string): void {
  if (!world.store.sessions.some((session) => session.payment_intent === intent.id)) return;
  throw invalidRequest(
    `You cannot ${verb} this PaymentIntent because it was created by Checkout. To cancel, expire the Checkout Session instead.`,
    { code: 'payment_intent_unexpected_state' },
  );
}

export function mustFindIntent(
  world: World,
  id: string,
  param = 'intent',
  status = 404,
): Stripe.PaymentIntent {
  const intent = world.store.paymentIntents.get(id);
  if (intent === undefined) throw missingResource('payment_intent', id, param, status);
  return intent;
}
