import Stripe from 'stripe';
import type { StripeCalls } from './stripe-calls.js';

/** Everything a Checkout Session is made of; the same order always gives the same request. */
export interface CheckoutRequest {
  readonly orderId: string;
  readonly orderReference: string;
  readonly showId: number;
  readonly showTitle: string;
  readonly email: string;
  /** ISO 4217, upper case. */
  readonly currency: string;
  /** `unitPrice` in minor units of `currency`. */
  readonly lines: readonly { readonly name: string; readonly unitPrice: number; readonly quantity: number }[];
  /** Minor units. */
  readonly applicationFee: number;
  /** The producer's account, which the money is transferred to. */
  readonly destination: string;
  readonly expiresAt: Date;
  readonly successUrl: string;
  readonly cancelUrl: string;
}

/** Stripe's Checkout Sessions, as far as an order needs them. */
export class Checkout {
  constructor(
    private readonly stripe: Stripe,
    private readonly calls: StripeCalls,
  ) {}

  /**
   * Makes the session of an order, or answers with the one that was made before: the idempotency key
   * follows from the order, and Stripe keeps it for at least 24 hours.
   */
  create(request: CheckoutRequest): Promise<Stripe.Checkout.Session> {
    return this.calls.run('checkout.sessions.create', (options) =>
      this.stripe.checkout.sessions.create(sessionParameters(request), {
        ...options,
        idempotencyKey: `order:${request.orderId}:checkout:1`,
      }),
    );
  }

  /** With its PaymentIntent, whose status tells a payment under way from one that failed. */
  retrieve(sessionId: string): Promise<Stripe.Checkout.Session> {
    return this.calls.run('checkout.sessions.retrieve', (options) =>
      this.stripe.checkout.sessions.retrieve(sessionId, { expand: ['payment_intent'] }, options),
    );
  }

  /**
   * After this nobody can pay any more. A session that is complete or expired already cannot be
   * expired, which Stripe answers with an error: whatever it has become is then looked up.
   */
  async expire(sessionId: string): Promise<Stripe.Checkout.Session> {
    try {
      return await this.calls.run('checkout.sessions.expire', (options) =>
        this.stripe.checkout.sessions.expire(sessionId, { expand: ['payment_intent'] }, options),
      );
    } catch (error) {
      if (!(error instanceof Stripe.errors.StripeInvalidRequestError)) throw error;
      const after = await this.retrieve(sessionId);
      if (after.status === 'open') throw error;
      return after;
    }
  }
}

function sessionParameters(request: CheckoutRequest): Stripe.Checkout.SessionCreateParams {
  const metadata = {
    order_id: request.orderId,
    order_reference: request.orderReference,
    show_id: String(request.showId),
    show_title: request.showTitle,
  };
  return {
    mode: 'payment',
    client_reference_id: request.orderId,
    customer_email: request.email,
    line_items: request.lines.map((line) => ({
      quantity: line.quantity,
      price_data: {
        currency: request.currency.toLowerCase(),
        unit_amount: line.unitPrice,
        product_data: { name: line.name },
      },
    })),
    metadata,
    payment_intent_data: {
      description: `Order #${request.orderReference} for ${request.showTitle}`,
      metadata,
      transfer_group: request.orderId,
      transfer_data: { destination: request.destination },
      ...(request.applicationFee > 0 && { application_fee_amount: request.applicationFee }),
    },
    // The buyer pays the amount that the order says, not one converted to another currency.
    adaptive_pricing: { enabled: false },
    expires_at: Math.floor(request.expiresAt.getTime() / 1000),
    success_url: request.successUrl,
    cancel_url: request.cancelUrl,
  };
}
