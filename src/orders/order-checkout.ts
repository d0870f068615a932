import { type EntityManager, raw } from '@mikro-orm/postgresql';
import Stripe from 'stripe';
import { AppError, badUserInput } from '../errors.js';
import {
  type Checkout,
  type CheckoutRequest,
  isReplayedFailure,
  type PaymentMetadata,
  providerUnavailable,
} from '../payments/index.js';
import { Order } from './order.entity.js';
import { OrderLine } from './order-line.entity.js';

/** Stripe takes 30 minutes at least; one more for clocks that differ. */
const SHORTEST_SESSION_MS = 31 * 60_000;
const LOOKED_AFTER = `case when status = 'CANCELLED' then coalesce(check_at, clock_timestamp()) else check_at end`;

/** The Checkout Session of an order. */
export class OrderCheckout {
  constructor(
    private readonly checkout: Checkout,
    private readonly publicUrl: string,
  ) {}

  /**
   * Makes the order's session if it has none, and stores its id and page; the order is then read again,
   * and may have ended meanwhile.
   *
   * @throws AppError PAYMENT_PROVIDER_UNAVAILABLE, PRODUCER_NOT_PAYABLE, BAD_USER_INPUT
   */
  async ensureSession(em: EntityManager, order: Order): Promise<void> {
    try {
      await this.sessionOf(em, order);
    } catch (error) {
      if (error instanceof Stripe.errors.StripeInvalidRequestError) throw refusal(error);
      // Asked for in other words before, as by another version of ours: whoever looks for it finds it listed.
      if (error instanceof Stripe.errors.StripeIdempotencyError) {
        throw providerUnavailable({ retryAfterMs: 60_000 }, error);
      }
      throw error;
    }
  }

  /**
   * @returns undefined where Stripe refuses to make a session, so that none can have existed: Stripe
   * would have answered with it (docs.stripe.com/api/idempotent_requests); or where it cannot be had by its key,
   * and Stripe lists none: a failure was kept as the answer, or it was asked for in other words before
   * @throws AppError PAYMENT_PROVIDER_UNAVAILABLE
   */
  async findSession(em: EntityManager, order: Order): Promise<string | undefined> {
    try {
      return await this.sessionOf(em, order);
    } catch (error) {
      if (error instanceof Stripe.errors.StripeInvalidRequestError) return undefined;
      const isOtherwise = error instanceof Stripe.errors.StripeIdempotencyError;
      if (!isOtherwise && !isReplayedFailure(error)) throw error;
      const made = await this.checkout.findMade(order.id, order.checkoutAttempt, order.email);
      return made && this.keep(em, order, made);
    }
  }

  private async sessionOf(em: EntityManager, order: Order): Promise<string> {
    if (order.checkoutSessionId !== null) return order.checkoutSessionId;
    return this.keep(em, order, await this.checkout.create(await this.requestOf(em, order)));
  }

  /**
   * Stores which session the order has, unless the order has gone on without it: then nobody may pay on it. One that
   * was given up meanwhile is looked after again, which ends the session.
   */
  private async keep(em: EntityManager, order: Order, session: Stripe.Checkout.Session): Promise<string> {
    const { id, checkoutAttempt } = order;
    await em.nativeUpdate(
      Order,
      { id, checkoutAttempt, checkoutSessionId: null },
      { checkoutSessionId: session.id, checkoutPage: session.url, checkAt: raw(LOOKED_AFTER) },
    );
    await em.refresh(order);
    if (order.checkoutAttempt !== checkoutAttempt) await this.checkout.expire(session.id);
    return session.id;
  }

  private async requestOf(em: EntityManager, order: Order): Promise<CheckoutRequest> {
    const lines = await em.find(OrderLine, { orderId: order.id }, { orderBy: { position: 'asc' } });
    return {
      orderId: order.id,
      attempt: order.checkoutAttempt,
      payment: paymentMetadata(order),
      email: order.email,
      currency: order.currency,
      lines: lines
        .filter((line) => line.unitAmount > 0)
        .map((line) => ({
          name: line.ticketName ?? '',
          unitPrice: line.unitAmount,
          quantity: line.quantity,
        })),
      applicationFee: order.applicationFeeAmount,
      destination: order.stripeAccountId ?? '',
      expiresAt: sessionEndOf(order),
      successUrl: order.successUrl ?? `${this.publicUrl}/checkout/success?session_id={CHECKOUT_SESSION_ID}`,
      cancelUrl: order.cancelUrl ?? `${this.publicUrl}/checkout/cancel?order=${order.reference}`,
    };
  }
}

/** What is said of an order's money at Stripe, on the session, the payment and the transfer alike. */
export function paymentMetadata(order: Order): PaymentMetadata {
  const showTitle = order.showTitle ?? '';
  return {
    description: `Order #${order.reference} for ${showTitle}`,
    metadata: {
      order_id: order.id,
      order_reference: order.reference,
      show_id: String(order.showId),
      show_title: showTitle,
    },
  };
}

/** When the order's session ends by itself, if it has one: after that nobody can pay, whatever is known of it. */
export function sessionEndOf(order: Order): Date {
  const begun = attemptBegunAt(order).getTime();
  const holdMs = (order.expiresAt?.getTime() ?? 0) - begun;
  return new Date(begun + Math.max(holdMs, SHORTEST_SESSION_MS));
}

/** When the order took the inventory that its present attempt at a session is for. */
export function attemptBegunAt(order: Order): Date {
  return order.reopenedAt ?? order.createdAt;
}

/** Which input of the purchase a parameter of the session is made of. */
const INPUT_OF: Readonly<Record<string, string>> = {
  line_items: 'items',
  customer_email: 'email',
  success_url: 'successUrl',
  cancel_url: 'cancelUrl',
};

/** Stripe answered, and will not: says why in terms of the order. */
function refusal(error: Stripe.errors.StripeInvalidRequestError): AppError {
  if (error.param === 'expires_at') {
    // The order was made so long ago that a session of its own cannot live for Stripe's least time.
    return providerUnavailable({ retryAfterMs: 1_000 }, error);
  }
  const wrongAmount = error.code === 'amount_too_small' || error.code === 'amount_too_large';
  const input = wrongAmount ? 'items' : INPUT_OF[/^\w+/.exec(error.param ?? '')?.[0] ?? ''];
  if (input !== undefined) {
    return badUserInput(input, `The payment provider does not take this: ${error.message}`);
  }
  return new AppError(
    'PRODUCER_NOT_PAYABLE',
    'The payment provider does not take payments for this producer now',
    {},
    { cause: error },
  );
}
