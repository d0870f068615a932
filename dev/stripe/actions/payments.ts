import type Stripe from 'stripe';
import { checkDestination } from '../resources/account-rules.js';
import { isDelayedMethod } from '../resources/checkout-rules.js';
import { addPaymentMethod, NO_BILLING_DETAILS } from '../resources/payment-method-shape.js';
import { newPaymentIntent } from '../resources/payment-shapes.js';
import { noDetails } from '../resources/session-shape.js';
import { type TestMethod, VISA } from '../state/test-methods.js';
import type { World } from '../state/world.js';
import { invalidRequest } from '../wire/errors.js';
import { type Attempt, chargeCard, chargeDelayed, decide, lastRefusal, testMethodOf } from './attempts.js';
import { mustFindSession } from './sessions.js';

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

const DESTINATION = 'payment_intent_data[transfer_data][destination]';

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
  const email = session.customer_email ?? options.email ?? 'buyer@example.com';
  if (session.amount_total === 0) return completeFree(world, session, email);
  const test = readMethod(session, options.method ?? 'card');
  const method = addPaymentMethod(world, test, { ...NO_BILLING_DETAILS, email, name: 'Local Buyer' });
  payBy(world, session, method, options.settle);
  return session;
}

/**
 * The buyer's client pays with a payment method that it has made.
 *
 * @throws StripeFailure 402 `card_error` where the issuer declines; the session stays open
 */
export function confirmSession(world: World, sessionId: string, method: Stripe.PaymentMethod): Session {
  const session = mustFindOpen(world, sessionId);
  if (!session.payment_method_types.includes(method.type)) throw untaken(session, method.type);
  if (session.amount_total === 0) {
    return completeFree(world, session, session.customer_email ?? method.billing_details.email);
  }
  const { intent, paid } = payBy(world, session, method);
  if (!paid) throw lastRefusal(intent);
  return session;
}

/** The issuer says no; the session stays open and the buyer may try again. */
export function decline(world: World, sessionId: string, options: DeclineOptions = {}): Session {
  const session = mustFindOpen(world, sessionId);
  if (session.amount_total === 0) throw invalidRequest('A free order takes no card that could be declined.');
  const declineCode = options.declineCode ?? 'generic_decline';
  const method = addPaymentMethod(
    world,
    { ...VISA, last4: '0002', declineCode },
    { ...NO_BILLING_DETAILS, email: session.customer_email },
  );
  payBy(world, session, method);
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
  decideOnSession(world, session, { intent, charge }, outcome);
  return session;
}

function decideOnSession(
  world: World,
  session: Session,
  attempt: Attempt,
  outcome: 'succeeded' | 'failed',
): void {
  decide(world, attempt, outcome, () => {
    if (outcome === 'succeeded') session.payment_status = 'paid';
    world.events.emit(`checkout.session.async_payment_${outcome}`, session);
  });
}

function payBy(
  world: World,
  session: Session,
  method: Stripe.PaymentMethod,
  settle?: 'now' | 'later',
): { intent: Stripe.PaymentIntent; paid: boolean } {
  const intent = mustHaveIntent(world, session);
  if (method.type === 'card') {
    const onSuccess = () => complete(world, session, 'paid', method);
    return { intent, paid: chargeCard(world, intent, method, { settle, onSuccess }) !== undefined };
  }
  const attempt = chargeDelayed(world, intent, method);
  complete(world, session, 'unpaid', method);
  const { decides } = testMethodOf(world, method);
  if (decides !== undefined) decideOnSession(world, session, attempt, decides);
  return { intent, paid: true };
}

function mustFindOpen(world: World, id: string): Session {
  const session = mustFindSession(world, id);
  if (session.status === 'open') return session;
  throw invalidRequest(`This Checkout Session can no longer be paid: its status is \`${session.status}\`.`);
}

function readMethod(session: Session, wanted: 'card' | 'delayed'): TestMethod {
  const type = session.payment_method_types.find((one) =>
    wanted === 'card' ? one === 'card' : isDelayedMethod(one),
  );
  if (type === undefined) throw untaken(session, wanted);
  if (type === 'card') return VISA;
  return type === 'sepa_debit' ? { type, last4: '3204', country: 'AT' } : { type, last4: '', country: '' };
}

function untaken(session: Session, wanted: string) {
  return invalidRequest(
    `This Checkout Session takes no ${wanted} payment: its payment_method_types are ${session.payment_method_types.join(', ')}.`,
  );
}

/** Since version 2022-08-01 the PaymentIntent is made when the buyer confirms, not with the session. */
function mustHaveIntent(world: World, session: Session): Stripe.PaymentIntent {
  if (typeof session.payment_intent === 'string') {
    return world.store.paymentIntents.get(session.payment_intent)!;
  }
  const plan = world.store.plans.get(session.id)!;
  if (plan.destination !== null) checkDestination(world, plan.destination, DESTINATION);
  const given = {
    amount: session.amount_total!,
    currency: session.currency!,
    paymentMethodTypes: session.payment_method_types,
  };
  const intent = world.store.paymentIntents.add(newPaymentIntent(given, plan));
  session.payment_intent = intent.id;
  world.events.emit('payment_intent.created', intent);
  return intent;
}

function completeFree(world: World, session: Session, email: string | null): Session {
  const buyer = { ...NO_BILLING_DETAILS, email, name: 'Local Buyer' };
  complete(world, session, 'no_payment_required', { billing_details: buyer });
  return session;
}

function complete(
  world: World,
  session: Session,
  paymentStatus: 'paid' | 'unpaid' | 'no_payment_required',
  { billing_details: buyer }: Pick<Stripe.PaymentMethod, 'billing_details'>,
): void {
  session.status = 'complete';
  session.payment_status = paymentStatus;
  session.url = null;
  session.customer_details = {
    ...(session.customer_details ?? noDetails()),
    address: buyer.address,
    email: session.customer_email ?? buyer.email,
    name: buyer.name,
    phone: buyer.phone,
    tax_exempt: 'none',
    tax_ids: [],
  };
  world.events.emit('checkout.session.completed', session);
}
