import type Stripe from 'stripe';
import { checkDestination } from '../resources/account-rules.js';
import { chargeDetails } from '../resources/payment-method-shape.js';
import { newCharge } from '../resources/payment-shapes.js';
import type { TestMethod } from '../state/test-methods.js';
import type { World } from '../state/world.js';
import { documentationOf, StripeFailure } from '../wire/errors.js';
import { openDispute } from './disputes.js';
import { settleCharge } from './settlement.js';

/** How one attempt to collect a PaymentIntent went, so far. */
export interface Attempt {
  readonly intent: Stripe.PaymentIntent;
  readonly charge: Stripe.Charge;
}

export interface AttemptOptions {
  /** Told when the attempt has gone well, before transfer and fee follow. */
  readonly onSuccess?: () => void;
  /** As in `PayOptions`; default `now`. */
  readonly settle?: 'now' | 'later' | undefined;
}

const DECLINE_MESSAGES: Readonly<Record<string, string>> = {
  insufficient_funds: 'Your card has insufficient funds.',
  expired_card: 'Your card has expired.',
  incorrect_cvc: "Your card's security code is incorrect.",
  processing_error: 'An error occurred while processing your card. Try again in a little bit.',
};
/** Refusals that have a code of their own; the others are `card_declined`. */
const OWN_CODES = new Set(['expired_card', 'incorrect_cvc', 'processing_error']);

export function testMethodOf(world: World, method: Stripe.PaymentMethod): TestMethod {
  return world.store.testMethods.get(method.id)!;
}

/**
 * Charges a card.
 *
 * @returns undefined where the issuer declines: `lastRefusal` tells why
 * @throws StripeFailure when the destination may not receive transfers (any more)
 */
export function chargeCard(
  world: World,
  intent: Stripe.PaymentIntent,
  method: Stripe.PaymentMethod,
  options: AttemptOptions = {},
): Attempt | undefined {
  const test = testMethodOf(world, method);
  const charge = addCharge(world, intent, method);
  if (test.declineCode !== undefined) {
    fail(world, intent, charge, {
      code: OWN_CODES.has(test.declineCode) ? test.declineCode : 'card_declined',
      decline_code: test.declineCode,
      message: DECLINE_MESSAGES[test.declineCode] ?? 'Your card was declined.',
      payment_method: method,
      type: 'card_error',
    });
    return undefined;
  }
  succeed(world, intent, charge);
  options.onSuccess?.();
  if (options.settle !== 'later') settleCharge(world, charge.id);
  disputeIfFated(world, charge, test);
  return { intent, charge };
}

/** The bank has been asked: the money is on its way, or not, and will be for days. */
export function chargeDelayed(
  world: World,
  intent: Stripe.PaymentIntent,
  method: Stripe.PaymentMethod,
): Attempt {
  const charge = addCharge(world, intent, method);
  intent.status = 'processing';
  intent.payment_method = method.id;
  world.events.emit('charge.pending', charge);
  world.events.emit('payment_intent.processing', intent);
  return { intent, charge };
}

/** The bank decides on a delayed payment. */
export function decide(
  world: World,
  { intent, charge }: Attempt,
  outcome: 'succeeded' | 'failed',
  onDecision: () => void = () => {},
): void {
  if (outcome === 'failed') {
    fail(world, intent, charge, {
      code: 'payment_method_provider_decline',
      message: 'The payment could not be completed.',
      type: 'invalid_request_error',
    });
    onDecision();
    return;
  }
  succeed(world, intent, charge);
  onDecision();
  settleCharge(world, charge.id);
  const method = world.store.paymentMethods.get(String(charge.payment_method));
  if (method !== undefined) disputeIfFated(world, charge, testMethodOf(world, method));
}

/** The 402 that a client gets which confirmed the payment itself (https://docs.stripe.com/api/errors). */
export function lastRefusal(intent: Stripe.PaymentIntent): StripeFailure {
  const {
    charge,
    code = 'card_declined',
    decline_code,
    message = '',
    payment_method,
  } = intent.last_payment_error!;
  return new StripeFailure(402, {
    type: 'card_error',
    code,
    doc_url: documentationOf(code),
    message,
    payment_intent: intent,
    ...(charge === undefined ? {} : { charge }),
    ...(decline_code === undefined ? {} : { decline_code }),
    ...(payment_method === undefined ? {} : { payment_method }),
  });
}

function addCharge(world: World, intent: Stripe.PaymentIntent, method: Stripe.PaymentMethod): Stripe.Charge {
  const destination = intent.transfer_data?.destination;
  if (typeof destination === 'string') {
    checkDestination(world, destination, 'payment_intent_data[transfer_data][destination]');
  }
  const charge = newCharge(intent, method, chargeDetails(testMethodOf(world, method)));
  intent.latest_charge = charge.id;
  return world.store.charges.add(charge);
}

function succeed(world: World, intent: Stripe.PaymentIntent, charge: Stripe.Charge): void {
  charge.status = 'succeeded';
  charge.paid = true;
  charge.captured = true;
  charge.amount_captured = charge.amount;
  charge.outcome = outcome('authorized', 'approved_by_network', 'Payment complete.');
  intent.status = 'succeeded';
  intent.amount_received = charge.amount;
  intent.last_payment_error = null;
  intent.payment_method = charge.payment_method;
  world.events.emit('charge.succeeded', charge);
  world.events.emit('payment_intent.succeeded', intent);
}

function fail(
  world: World,
  intent: Stripe.PaymentIntent,
  charge: Stripe.Charge,
  error: Stripe.PaymentIntent.LastPaymentError,
): void {
  charge.status = 'failed';
  charge.failure_code = error.code ?? null;
  charge.failure_message = error.message ?? null;
  charge.outcome = outcome(
    'issuer_declined',
    'declined_by_network',
    'The bank did not approve this payment.',
  );
  intent.status = 'requires_payment_method';
  intent.payment_method = null;
  intent.last_payment_error = { ...error, charge: charge.id };
  world.events.emit('charge.failed', charge);
  world.events.emit('payment_intent.payment_failed', intent);
}

function outcome(type: string, networkStatus: string, message: string): Stripe.Charge.Outcome {
  return {
    advice_code: null,
    network_advice_code: null,
    network_decline_code: null,
    network_status: networkStatus,
    reason: null,
    risk_level: 'normal',
    seller_message: message,
    type,
  };
}

function disputeIfFated(world: World, charge: Stripe.Charge, test: TestMethod): void {
  if (test.dispute !== undefined) openDispute(world, charge.id, test.dispute);
}
