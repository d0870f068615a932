import Stripe from 'stripe';
import { attemptOf } from './payment-state.js';
import { toStripeAmount } from './stripe-amounts.js';
import type { StripeCalls } from './stripe-calls.js';

/** What a payment says of itself wherever Stripe shows it. */
export interface PaymentMetadata {
  readonly description: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Everything a Checkout Session is made of; the same attempt of an order always gives the same request. */
export interface CheckoutRequest {
  readonly orderId: string;
  readonly payment: PaymentMetadata;
  /** 1, and one more each time the order is given a new session. */
  readonly attempt: number;
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

/** Its PaymentIntent, whose status tells a payment under way from one that failed, and what became of the money. */
const WITH_PAYMENT = ['payment_intent.latest_charge'];

/** Stripe's Checkout Sessions, as far as an order needs them. */
export class Checkout {
  constructor(
    private readonly stripe: Stripe,
    private readonly calls: StripeCalls,
  ) {}

  /**
   * Makes the session of an order, or answers with the one that this attempt has made before: the idempotency
   * key follows from both, and Stripe keeps it for at least 24 hours.
   *
   * @throws UnpayableAmountError before Stripe is asked
   */
  async create(request: CheckoutRequest): Promise<Stripe.Checkout.Session> {
    const parameters = sessionParameters(request);
    return this.calls.run('checkout.sessions.create', (options) =>
      this.stripe.checkout.sessions.create(parameters, {
        ...options,
        idempotencyKey: `order:${request.orderId}:checkout:${request.attempt}`,
      }),
    );
  }

  /** Looks for a session by what it says of itself, where it cannot be had by its idempotency key. */
  async findMade(
    orderId: string,
    attempt: number,
    email: string,
  ): Promise<Stripe.Checkout.Session | undefined> {
    const { data } = await this.calls.run('checkout.sessions.list', (options) =>
      this.stripe.checkout.sessions.list({ customer_details: { email }, limit: 100 }, options),
    );
    return data.find((session) => session.client_reference_id === orderId && attemptOf(session) === attempt);
  }

  /** With its payment, as `paymentState` needs it. */
  retrieve(sessionId: string): Promise<Stripe.Checkout.Session> {
    return this.calls.run('checkout.sessions.retrieve', (options) =>
      this.stripe.checkout.sessions.retrieve(sessionId, { expand: WITH_PAYMENT }, options),
    );
  }

  /**
   * After this nobody can pay any more. A session that is complete or expired already cannot be
   * expired, which Stripe answers with an error: whatever it has become is then looked up.
   */
  async expire(sessionId: string): Promise<Stripe.Checkout.Session> {
    try {
      return await this.calls.run('checkout.sessions.expire', (options) =>
        this.stripe.checkout.sessions.expire(sessionId, { expand: WITH_PAYMENT }, options),
      );
    } catch (error) {
      if (!(error instanceof Stripe.errors.StripeInvalidRequestError)) throw error;
      const after = await this.retrieve(sessionId);
      if (after.status === 'open') throw error;
      return after;
    }
  }

  /**
   * Writes on the transfer of a destination charge what it is for: Stripe takes no metadata for it beforehand.
   *
   * @throws Error where there is no transfer yet
   */
  async describeTransfer(paymentIntentId: string, payment: PaymentMetadata): Promise<void> {
    const intent = await this.calls.run('paymentIntents.retrieve', (options) =>
      this.stripe.paymentIntents.retrieve(paymentIntentId, { expand: ['latest_charge'] }, options),
    );
    const charge = intent.latest_charge as Stripe.Charge | null;
    const transfer = charge?.transfer ?? null;
    if (transfer === null) throw new Error(`Payment ${paymentIntentId} has no transfer yet`);
    const transferId = typeof transfer === 'string' ? transfer : transfer.id;
    await this.calls.run('transfers.update', (options) =>
      this.stripe.transfers.update(
        transferId,
        { description: payment.description, metadata: { ...payment.metadata } },
        options,
      ),
    );
  }
}

function sessionParameters(request: CheckoutRequest): Stripe.Checkout.SessionCreateParams {
  const { currency, attempt } = request;
  const { description, metadata } = request.payment;
  return {
    mode: 'payment',
    client_reference_id: request.orderId,
    customer_email: request.email,
    line_items: request.lines.map((line) => ({
      quantity: line.quantity,
      price_data: {
        currency: currency.toLowerCase(),
        unit_amount: toStripeAmount(line.unitPrice, currency),
        product_data: { name: line.name },
      },
    })),
    metadata: attempt === 1 ? metadata : { ...metadata, checkout_attempt: String(attempt) },
    payment_intent_data: {
      description,
      metadata,
      transfer_group: request.orderId,
      transfer_data: { destination: request.destination },
      ...(request.applicationFee > 0 && {
        application_fee_amount: toStripeAmount(request.applicationFee, currency),
      }),
    },
    // The buyer pays the amount that the order says, not one converted to another currency.
    adaptive_pricing: { enabled: false },
    expires_at: Math.floor(request.expiresAt.getTime() / 1000),
    success_url: request.successUrl,
    cancel_url: request.cancelUrl,
  };
}
