import type Stripe from 'stripe';
import { checkDestination } from '../resources/account-rules.js';
import { isDelayedMethod } from '../resources/checkout-rules.js';
import { cardDetails, delayedDetails, newCharge, newPaymentIntent } from '../resources/payment-shapes.js';
import { noDetails } from '../resources/session-shape.js';
import type { World } from '../state/world.js';
import { invalidRequest } from '../wire/errors.js';
import { mustFindSession } from './sessions.js';
import { settleCharge } from './settlement.js';

type Session = Stripe.Checkout.Session;

export interface PayOptions {
  /** `delayed`: the buyer leaves, the money is decided later (`settleDelayed`). Default `card`. */
  readonly method?: 'card' | 'delayed';
  /** The buyer's address, where the session does not name one. */
  readonly email?: string;
  /**
   * `later` keeps the charge without its transfer, fee and balance transaction until `settleCharge`, as
   * asynchronous capture may for up to an hour. Default `now`.
   */
  readonly settle?: 'now' | 'later';
  /**
   * True for money that comes although the session has expired, as when a payment was on its way at that
   * moment: platforms must cope with it. Default false.
   */
  readonly afterExpiry?: boolean;
}

export interface DeclineOptions {
  /** https://docs.stripe.com/declines/codes; default `generic_decline`. */
  readonly declineCode?: string;
}

const DECLINE_MESSAGES: Readonly<Record<string, string>> = {
  insufficient_funds: 'Your card has insufficient funds.',
  expired_card: 'Your card has expired.',
  incorrect_cvc: "Your card's security code is incorrect.",
};

/**
 * The buyer pays on the page.
 *
 * @throws StripeFailure when the session is not open (or expired, with `afterExpiry`), or the destination may
 *   not receive transfers (any more), or takes no such method
 */
export function pay(world: World, sessionId: string, options: PayOptions = {}): Session {
  const found = mustFindSession(world, sessionId);
  const comesLate = options.afterExpiry === true && found.status === 'expired';
  const session = comesLate ? found : mustFindOpen(world, sessionId);
  if (session.amount_total === 0) return complete(world, session, 'no_payment_required', options.email);
  const method = readMethod(session, options.method ?? 'card');
  if (method !== 'card') return payDelayed(world, session, method, options.email);
  const intent = attempt(world, session);
  complete(world, session, 'paid', options.email, () => {
    const charge = addCharge(world, session, intent, cardDetails());
    succeed(world, intent, charge);
    world.events.emit('checkout.session.completed', session);
    if (options.settle !== 'later') settleCharge(world, charge.id);
  });
  return session;
}

/** The issuer says no; the session stays open and the buyer may try again. */
export function decline(world: World, sessionId: string, options: DeclineOptions = {}): Session {
  const session = mustFindOpen(world, sessionId);
  if (session.amount_total === 0) throw invalidRequest('A free order takes no card that could be declined.');
  const code = options.declineCode ?? 'generic_decline';
  const intent = attempt(world, session);
  const charge = addCharge(world, session, intent, cardDetails('0002'));
  fail(world, intent, charge, {
    code: 'card_declined',
    decline_code: code,
    message: DECLINE_MESSAGES[code] ?? 'Your card was declined.',
    type: 'card_error',
  });
  return session;
}

/** The bank decides on a payment by a delayed method. */
export function settleDelayed(world: World, sessionId: string, outcome: 'succeeded' | 'failed'): Session {
  const session = mustFindSession(world, sessionId);
  const intent =
    typeof session.payment_intent === 'string'
      ? world.store.paymentIntents.get(session.payment_intent)
      : undefined;
  if (intent?.status !== 'processing') {
    throw invalidRequest(`Checkout Session ${sessionId} has no payment that is being processed.`);
  }
  const charge = world.store.charges.get(intent.latest_charge as string)!;
  if (outcome === 'succeeded') {
    session.payment_status = 'paid';
    succeed(world, intent, charge);
    world.events.emit('checkout.session.async_payment_succeeded', session);
    settleCharge(world, charge.id);
    return session;
  }
  fail(world, intent, charge, {
    code: 'payment_method_provider_decline',
    message: 'The payment could not be completed.',
    type: 'invalid_request_error',
  });
  world.events.emit('checkout.session.async_payment_failed', session);
  return session;
}

function payDelayed(world: World, session: Session, method: string, email: string | undefined): Session {
  const intent = attempt(world, session);
  return complete(world, session, 'unpaid', email, () => {
    const charge = addCharge(world, session, intent, delayedDetails(method));
    intent.status = 'processing';
    intent.payment_method = charge.payment_method;
    world.events.emit('charge.pending', charge);
    world.events.emit('payment_intent.processing', intent);
    world.events.emit('checkout.session.completed', session);
  });
}

function mustFindOpen(world: World, id: string): Session {
  const session = mustFindSession(world, id);
  if (session.status === 'open') return session;
  throw invalidRequest(`This Checkout Session can no longer be paid: its status is \`${session.status}\`.`);
}

function readMethod(session: Session, wanted: 'card' | 'delayed'): string {
  const found = session.payment_method_types.find((type) =>
    wanted === 'card' ? type === 'card' : isDelayedMethod(type),
  );
  if (found !== undefined) return found;
  throw invalidRequest(
    `This Checkout Session takes no ${wanted} payment: its payment_method_types are ${session.payment_method_types.join(', ')}.`,
  );
}

/** Since version 2022-08-01 the PaymentIntent is made when the buyer confirms, not with the session. */
function attempt(world: World, session: Session): Stripe.PaymentIntent {
  const plan = world.store.plans.get(session.id)!;
  if (plan.destination !== null) {
    checkDestination(world, plan.destination, 'payment_intent_data[transfer_data][destination]');
  }
  if (typeof session.payment_intent === 'string') {
    return world.store.paymentIntents.get(session.payment_intent)!;
  }
  const intent = world.store.paymentIntents.add(newPaymentIntent(session, plan));
  session.payment_intent = intent.id;
  world.events.emit('payment_intent.created', intent);
  return intent;
}

function complete(
  world: World,
  session: Session,
  paymentStatus: 'paid' | 'unpaid' | 'no_payment_required',
  email: string | undefined,
  collect?: () => void,
): Session {
  session.status = 'complete';
  session.payment_status = paymentStatus;
  session.url = null;
  session.customer_details = {
    ...(session.customer_details ?? noDetails()),
    email: session.customer_email ?? email ?? 'buyer@example.com',
    name: 'Local Buyer',
    tax_exempt: 'none',
    tax_ids: [],
  };
  if (collect === undefined) world.events.emit('checkout.session.completed', session);
  else collect();
  return session;
}

function addCharge(
  world: World,
  session: Session,
  intent: Stripe.PaymentIntent,
  details: Stripe.Charge.PaymentMethodDetails,
): Stripe.Charge {
  const charge = newCharge(intent, session.customer_details ?? noDetails(), details);
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
