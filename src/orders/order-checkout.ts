import type { EntityManager } from '@mikro-orm/postgresql';
import Stripe from 'stripe';
import { Show, Ticket } from '../catalog/entities.js';
import { AppError, badUserInput } from '../errors.js';
import { type Checkout, type CheckoutRequest, providerUnavailable } from '../payments/index.js';
import { Order } from './order.entity.js';
import { OrderLine } from './order-line.entity.js';

/** Stripe takes 30 minutes at least; one more for clocks that differ. */
const SHORTEST_SESSION_MS = 31 * 60_000;

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
      throw error instanceof Stripe.errors.StripeInvalidRequestError ? refusal(error) : error;
    }
  }

  /**
   * @returns undefined where Stripe refuses to make a session, so that none can have existed: Stripe
   * would have answered with it (docs.stripe.com/api/idempotent_requests)
   * @throws AppError PAYMENT_PROVIDER_UNAVAILABLE
   */
  async findSession(em: EntityManager, order: Order): Promise<string | undefined> {
    try {
      return await this.sessionOf(em, order);
    } catch (error) {
      if (error instanceof Stripe.errors.StripeInvalidRequestError) return undefined;
      throw error;
    }
  }

  private async sessionOf(em: EntityManager, order: Order): Promise<string> {
    if (order.checkoutSessionId !== null) return order.checkoutSessionId;
    const session = await this.checkout.create(await this.requestOf(em, order));
    await em.nativeUpdate(
      Order,
      { id: order.id, checkoutSessionId: null },
      { checkoutSessionId: session.id, checkoutPage: session.url },
    );
    await em.refresh(order);
    return session.id;
  }

  private async requestOf(em: EntityManager, order: Order): Promise<CheckoutRequest> {
    const show = await em.findOneOrFail(Show, { id: order.showId });
    const lines = await em.find(OrderLine, { orderId: order.id }, { orderBy: { position: 'asc' } });
    const tickets = await em.find(Ticket, { id: { $in: lines.map((line) => line.ticketId) } });
    const names = new Map(tickets.map((ticket) => [ticket.id, ticket.name]));
    return {
      orderId: order.id,
      orderReference: order.reference,
      showId: show.id,
      showTitle: show.title,
      email: order.email,
      currency: order.currency,
      lines: lines
        .filter((line) => line.unitAmount > 0)
        .map((line) => ({
          name: names.get(line.ticketId) ?? '',
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

/** When the order's session ends by itself, if it has one: after that nobody can pay, whatever is known of it. */
export function sessionEndOf(order: Order): Date {
  const holdMs = (order.expiresAt?.getTime() ?? 0) - order.createdAt.getTime();
  return new Date(order.createdAt.getTime() + Math.max(holdMs, SHORTEST_SESSION_MS));
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
