import type Stripe from 'stripe';
import type { World } from '../state/world.js';
import { now } from '../state/world.js';
import { invalidRequest, missingResource } from '../wire/errors.js';

export function mustFindSession(world: World, id: string): Stripe.Checkout.Session {
  const session = world.store.sessions.get(id);
  if (session === undefined) throw missingResource('checkout.session', id, 'session');
  if (session.status === 'open' && session.expires_at <= now()) expire(world, session);
  return session;
}

/**
 * Ends an open session: no payment can be made on it from here on
 * (https://docs.stripe.com/api/checkout/sessions/expire).
 *
 * @throws StripeFailure 400 where it is complete or expired already
 */
export function expireSession(world: World, id: string): Stripe.Checkout.Session {
  const session = mustFindSession(world, id);
  if (session.status !== 'open') {
    throw invalidRequest(
      `Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of \`${session.status}\`.`,
    );
  }
  return expire(world, session);
}

/** Expires every open session whose time is up `ahead` seconds from now, in the order of their time. */
export function expireDue(world: World, ahead = 0): Stripe.Checkout.Session[] {
  const until = now() + ahead;
  return world.store.sessions
    .filter((session) => session.status === 'open' && session.expires_at <= until)
    .sort((a, b) => a.expires_at - b.expires_at)
    .map((session) => expire(world, session));
}

function expire(world: World, session: Stripe.Checkout.Session): Stripe.Checkout.Session {
  session.status = 'expired';
  session.url = null;
  cancelAttempt(world, session);
  world.events.emit('checkout.session.expired', session);
  return session;
}

/** A declined attempt leaves a PaymentIntent behind; it cannot be paid any more. */
function cancelAttempt(world: World, session: Stripe.Checkout.Session): void {
  if (typeof session.payment_intent !== 'string') return;
  const intent = world.store.paymentIntents.get(session.payment_intent)!;
  intent.status = 'canceled';
  intent.canceled_at = now();
  intent.cancellation_reason = 'expired';
  world.events.emit('payment_intent.canceled', intent);
}
