import type Stripe from 'stripe';
import { fromStripeAmount } from './stripe-amounts.js';

/** Which session it is that a payment belongs to. */
interface OfSession {
  /** Null where Stripe has never made one, so that nothing can be paid. */
  readonly sessionId: string | null;
  /** Which of the order's attempts at a session it was made by. */
  readonly attempt: number;
}

interface WithPaymentIntent {
  readonly paymentIntentId: string;
}

/** What Stripe says about the payment of an order, in the terms that an order knows. */
export type PaymentState = OfSession &
  (
    | { readonly kind: 'open' }
    | { readonly kind: 'expired' }
    | ({ readonly kind: 'processing' } & WithPaymentIntent)
    | ({ readonly kind: 'failed' } & WithPaymentIntent)
    | {
        readonly kind: 'paid';
        readonly paymentIntentId: string | null;
        /** ISO 4217 minor units of `currency`. */
        readonly amount: number;
        /** ISO 4217, upper case. */
        readonly currency: string;
        /** The account that the money is transferred to; null if none. */
        readonly destination: string | null;
        /** Whether all of it has gone back to the buyer since. */
        readonly isReturned: boolean;
      }
  );

/**
 * @param session retrieved with its PaymentIntent, and the charge of that
 * @see https://docs.stripe.com/api/checkout/sessions/object (status, payment_status)
 */
export function paymentState(session: Stripe.Checkout.Session): PaymentState {
  const of = { sessionId: session.id, attempt: attemptOf(session) };
  if (session.status === 'open') return { kind: 'open', ...of };
  if (session.status === 'expired') return { kind: 'expired', ...of };
  const intent = session.payment_intent;
  const paymentIntentId = idOf(intent);
  if (session.payment_status !== 'unpaid') {
    const currency = session.currency ?? '';
    return {
      kind: 'paid',
      ...of,
      paymentIntentId,
      amount: fromStripeAmount(session.amount_total ?? 0, currency),
      currency: currency.toUpperCase(),
      destination: typeof intent === 'string' ? null : idOf(intent?.transfer_data?.destination),
      isReturned: isReturned(intent),
    };
  }
  if (intent === null || typeof intent === 'string') {
    throw new Error(`Session ${session.id} is complete and unpaid, but came without its PaymentIntent`);
  }
  const failed = intent.status === 'requires_payment_method' || intent.status === 'canceled';
  return { kind: failed ? 'failed' : 'processing', ...of, paymentIntentId: intent.id };
}

/** Written by `Checkout.create`; an order's first session does not carry it. */
export function attemptOf(session: Pick<Stripe.Checkout.Session, 'metadata'>): number {
  return Number(session.metadata?.checkout_attempt ?? 1);
}

function isReturned(intent: Stripe.Checkout.Session['payment_intent']): boolean {
  const charge = typeof intent === 'string' ? null : intent?.latest_charge;
  return typeof charge === 'object' && charge?.refunded === true;
}

function idOf(reference: string | { readonly id: string } | null | undefined): string | null {
  return typeof reference === 'string' ? reference : (reference?.id ?? null);
}
