import type Stripe from 'stripe';
import { addPaymentMethod } from '../resources/payment-method-shape.js';
import { namedMethod } from '../state/test-methods.js';
import { now, type World } from '../state/world.js';
import { invalidRequest, missingResource } from '../wire/errors.js';
import { chargeCard, chargeDelayed, decide, lastRefusal, testMethodOf } from './attempts.js';

const CONFIRMABLE: readonly string[] = ['requires_payment_method', 'requires_confirmation'];

/** An id of a payment method, or a name such as `pm_card_visa`, which makes one. */
export function findPaymentMethod(world: World, id: string): Stripe.PaymentMethod {
  const found = world.store.paymentMethods.get(id);
  if (found !== undefined) return found;
  const named = namedMethod(id);
  if (named === undefined) throw missingResource('PaymentMethod', id, 'payment_method', 400);
  return addPaymentMethod(world, named);
}

/** @throws StripeFailure where the intent takes no such method, or none any more */
export function attach(intent: Stripe.PaymentIntent, method: Stripe.PaymentMethod): void {
  if (!CONFIRMABLE.includes(intent.status)) throw unexpectedState(intent, 'change');
  if (!intent.payment_method_types.includes(method.type)) {
    throw invalidRequest(
      `The PaymentMethod provided (${method.type}) is not allowed for this PaymentIntent. Its payment_method_types are ${intent.payment_method_types.join(', ')}.`,
      { param: 'payment_method' },
    );
  }
  intent.payment_method = method.id;
  intent.status = 'requires_confirmation';
}

/**
 * Collects the money of a PaymentIntent that the platform made itself
 * (https://docs.stripe.com/api/payment_intents/confirm).
 *
 * @throws StripeFailure 402 `card_error` where the issuer declines; 400 where it has no payment method or its
 *   status does not allow it
 */
export function confirmIntent(world: World, intent: Stripe.PaymentIntent): Stripe.PaymentIntent {
  if (!CONFIRMABLE.includes(intent.status)) throw unexpectedState(intent, 'confirm');
  const method = world.store.paymentMethods.get(String(intent.payment_method));
  if (method === undefined) {
    throw invalidRequest(
      'You cannot confirm this PaymentIntent because it is missing a payment method. Update it with a payment method and then confirm it again.',
      { code: 'payment_intent_unexpected_state' },
    );
  }
  if (method.type === 'card') {
    if (chargeCard(world, intent, method) === undefined) throw lastRefusal(intent);
    return intent;
  }
  const attempt = chargeDelayed(world, intent, method);
  const { decides } = testMethodOf(world, method);
  if (decides !== undefined) decide(world, attempt, decides);
  return intent;
}

export function cancelIntent(
  world: World,
  intent: Stripe.PaymentIntent,
  reason: Stripe.PaymentIntent.CancellationReason | null,
): Stripe.PaymentIntent {
  if (!CONFIRMABLE.includes(intent.status)) throw unexpectedState(intent, 'cancel');
  intent.status = 'canceled';
  intent.canceled_at = now();
  intent.cancellation_reason = reason;
  world.events.emit('payment_intent.canceled', intent);
  return intent;
}

function unexpectedState(intent: Stripe.PaymentIntent, verb: string) {
  return invalidRequest(
    `You cannot ${verb} this PaymentIntent because it has a status of ${intent.status}. Only a PaymentIntent with one of the following statuses may be: ${CONFIRMABLE.join(', ')}.`,
    { code: 'payment_intent_unexpected_state' },
  );
}
