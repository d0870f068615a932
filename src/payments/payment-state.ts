import type Stripe from 'stripe';

/** What Stripe says about the payment of an order, in the terms that an order knows. */
export type PaymentState =
  | { readonly kind: 'open' }
  | { readonly kind: 'expired' }
  | { readonly kind: 'processing'; readonly paymentIntentId: string }
  | { readonly kind: 'failed'; readonly paymentIntentId: string }
  | {
      readonly kind: 'paid';
      readonly paymentIntentId: string | null;
      /** Minor units. */
      readonly amount: number;
      /** ISO 4217, upper case. */
      readonly currency: string;
    };

/**
 * @param session retrieved with its PaymentIntent
 * @see https://docs.stripe.com/api/checkout/sessions/object (status, payment_status)
 */
export function paymentState(session: Stripe.Checkout.Session): PaymentState {
  if (session.status === 'open') return { kind: 'open' };
  if (session.status === 'expired') return { kind: 'expired' };
  const intent = session.payment_intent;
  const paymentIntentId = typeof intent === 'string' ? intent : (intent?.id ?? null);
  if (session.payment_status !== 'unpaid') {
    return {
      kind: 'paid',
      paymentIntentId,
      amount: session.amount_total ?? 0,
      currency: (session.currency ?? '').toUpperCase(),
    };
  }
  if (intent === null || typeof intent === 'string') {
    throw new Error(`Session ${session.id} is complete and unpaid, but came without its PaymentIntent`);
  }
  const failed = intent.status === 'requires_payment_method' || intent.status === 'canceled';
  return { kind: failed ? 'failed' : 'processing', paymentIntentId: intent.id };
}
