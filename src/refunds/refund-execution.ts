import type { EntityManager } from '@mikro-orm/postgresql';
import Stripe from 'stripe';
import type { Orm } from '../database/index.js';
import { type Logger, withoutPersonalData } from '../logging.js';
import { Order } from '../orders/entities.js';
import type { OrderEvents } from '../orders/index.js';
import { providerUnavailable, type RefundState, type Refunds } from '../payments/index.js';
import { Refund, RefundReason, RefundStatus } from './refund.entity.js';
import type { RefundSettlement } from './refund-settlement.js';

const STRIPE_REASONS: Partial<Record<RefundReason, Stripe.RefundCreateParams.Reason>> = {
  [RefundReason.REQUESTED_BY_CUSTOMER]: 'requested_by_customer',
  [RefundReason.DUPLICATE]: 'duplicate',
  [RefundReason.FRAUDULENT]: 'fraudulent',
};

/** Capture takes an hour at most; what Stripe still refuses after a day was not too early. In milliseconds. */
const LONGEST_CAPTURE_MS = 24 * 60 * 60_000;

/** Carries refunds out at Stripe, outside of all transactions, and lets them follow what it says. */
export class RefundExecution {
  constructor(
    private readonly orm: Orm,
    private readonly refunds: Refunds,
    private readonly settlement: RefundSettlement,
    private readonly events: OrderEvents,
    private readonly logger: Logger,
  ) {}

  /**
   * Brings a pending refund forward: asks Stripe for it, or how it is. However often it is called, and wherever
   * an earlier call was cut off, Stripe makes one refund of each attempt.
   *
   * @throws AppError PAYMENT_PROVIDER_UNAVAILABLE when Stripe cannot be asked; the refund stays PENDING
   */
  async execute(refundId: string): Promise<void> {
    const em = this.orm.em.fork();
    const refund = await em.findOneOrFail(Refund, { id: refundId });
    if (refund.status !== RefundStatus.PENDING) return;
    if (refund.stripeRefundId !== null) {
      await this.follow(refund.orderId, await this.refunds.retrieve(refund.stripeRefundId));
      return;
    }
    const order = await em.findOneOrFail(Order, { id: refund.orderId });
    const asked = await this.markAsked(em, refund);
    const known = asked === 'before' ? await this.find(order, refund) : undefined;
    const state = known ?? (await this.ask(em, order, refund));
    if (state !== undefined) await this.follow(order.id, state);
  }

  private async follow(orderId: string, state: RefundState): Promise<void> {
    const outcome = await this.orm.em
      .fork()
      .transactional((em) => this.settlement.follow(em, orderId, state));
    if (outcome === 'ignored') return;
    this.events.publish(orderId);
    this.logger.info({ orderId, stripeRefundId: state.id, status: state.status }, 'A refund followed Stripe');
  }

  /** Whether Stripe may know of this attempt: idempotency keys are forgotten, and so may the answer be. */
  private async markAsked(em: EntityManager, { id, attempt }: Refund): Promise<'first' | 'before'> {
    const changed = await em.nativeUpdate(Refund, { id, attempt, askedAt: null }, { askedAt: new Date() });
    return changed === 1 ? 'first' : 'before';
  }

  private async find(order: Order, { id, attempt }: Refund): Promise<RefundState | undefined> {
    const made = await this.refunds.ofPayment(paymentOf(order));
    return made.find(({ attemptOf }) => attemptOf?.refundId === id && attemptOf.attempt === attempt);
  }

  private async ask(em: EntityManager, order: Order, refund: Refund): Promise<RefundState | undefined> {
    try {
      return await this.refunds.create({
        refundId: refund.id,
        attempt: refund.attempt,
        orderId: order.id,
        paymentIntentId: paymentOf(order),
        amount: refund.refundedAmount,
        reason: STRIPE_REASONS[refund.reason],
        currency: order.currency,
        hasApplicationFee: order.applicationFeeAmount > 0,
      });
    } catch (error) {
      if (!(error instanceof Stripe.errors.StripeInvalidRequestError)) throw error;
      if (isTooEarly(error, refund)) {
        await this.nextAttempt(em, refund);
        throw providerUnavailable({ retryAfterMs: 5_000 }, error);
      }
      return await this.refused(order, refund, error);
    }
  }

  /** What Stripe refuses because the money has gone back already may have gone back by this very attempt. */
  private async refused(
    order: Order,
    refund: Refund,
    error: Stripe.errors.StripeInvalidRequestError,
  ): Promise<RefundState | undefined> {
    const made = await this.find(order, refund);
    if (made !== undefined) return made;
    const failureReason = error.code ?? String(withoutPersonalData(error.message));
    await this.orm.em.fork().transactional((em) => this.settlement.refuse(em, refund, failureReason));
    this.events.publish(order.id);
    return undefined;
  }

  /** Stripe repeats its refusal to whoever comes with the same key. */
  private async nextAttempt(em: EntityManager, { id, attempt }: Refund): Promise<void> {
    await em.nativeUpdate(
      Refund,
      { id, attempt, stripeRefundId: null },
      { attempt: attempt + 1, askedAt: null },
    );
  }
}

/**
 * Whether the charge has not been transferred, or its fee not been taken: both follow the payment, with capture being
 * asynchronous (docs.stripe.com/payments/payment-intents/asynchronous-capture).
 */
function isTooEarly(error: Stripe.errors.StripeInvalidRequestError, { createdAt }: Refund): boolean {
  if (Date.now() - createdAt.getTime() > LONGEST_CAPTURE_MS) return false;
  return error.param === 'reverse_transfer' || error.param === 'refund_application_fee';
}

function paymentOf(order: Order): string {
  if (order.paymentIntentId === null) throw new Error(`Order ${order.id} has no payment to refund`);
  return order.paymentIntentId;
}
