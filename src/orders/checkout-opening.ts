import type { EntityManager } from '@mikro-orm/postgresql';
import { AppError, isAppError } from '../errors.js';
import type { Logger } from '../logging.js';
import { providerUnavailable, StripeNotAskedError, withinDeadline } from '../payments/index.js';
import { type Order, OrderStatus } from './order.entity.js';
import type { OrderCheckout } from './order-checkout.js';
import type { OrderLifecycle } from './order-lifecycle.service.js';
import type { OrderTokens } from './order-tokens.js';

/** Milliseconds from a request to its answer at most, as far as it depends on Stripe; the rest of 15 s is ours. */
const PATIENCE_MS = 13_000;

/** What is bought by. A unit of work is made when it is first asked for, and most purchases never ask. */
export interface Operation {
  readonly em: EntityManager;
}

export interface PurchaseResult {
  readonly order: Order;
  readonly checkoutUrl: string | null;
  readonly accessToken: string;
}

/** Runs what has to ask Stripe before somebody who waits is answered, with time left for the answer. */
export function whileSomebodyWaits<Result>(since: number, work: () => Promise<Result>): Promise<Result> {
  return withinDeadline(since + PATIENCE_MS, work);
}

/** Leads whoever has an order to the page where it is paid. */
export class CheckoutOpening {
  constructor(
    private readonly checkout: OrderCheckout,
    private readonly lifecycle: OrderLifecycle,
    private readonly tokens: OrderTokens,
    private readonly logger: Logger,
  ) {}

  /**
   * @param age 'new' for whoever has just taken the order's inventory, and gives it back if there is no page
   * @throws AppError PAYMENT_PROVIDER_UNAVAILABLE, with what `createCheckout` needs; PRODUCER_NOT_PAYABLE,
   * BAD_USER_INPUT
   */
  async open(operation: Operation, order: Order, age: 'new' | 'known'): Promise<PurchaseResult> {
    const accessToken = this.tokens.tokenOf(order.id);
    try {
      if (order.status === OrderStatus.PENDING) await this.ensureSession(operation.em, order, age);
    } catch (error) {
      if (!isAppError(error, 'PAYMENT_PROVIDER_UNAVAILABLE')) throw error;
      const details = { ...error.details, orderId: order.id, accessToken };
      throw new AppError(error.code, error.message, details, { cause: error });
    }
    return { order, checkoutUrl: order.checkoutUrl(), accessToken };
  }

  /**
   * The same purchase may be on its way twice: only the try that took the inventory gives it up, and
   * neither fails once the other one has its page.
   */
  private async ensureSession(em: EntityManager, order: Order, age: 'new' | 'known'): Promise<void> {
    try {
      await this.checkout.ensureSession(em, order);
    } catch (error) {
      if (age === 'new') await this.abandon(order, !(error instanceof StripeNotAskedError));
      await em.refresh(order);
      if (order.checkoutSessionId === null) throw error;
    }
    // Given up by the try that made it before this one had the page, which nobody will see.
    if (order.status === OrderStatus.CANCELLED) throw providerUnavailable({ retryAfterMs: 1_000 });
  }

  /** What cannot be given back now is given back when the hold ends; the buyer's error is another. */
  private async abandon(order: Order, mayExist: boolean): Promise<void> {
    try {
      await this.lifecycle.abandon(order, mayExist);
    } catch (error) {
      this.logger.error(
        { err: error, orderId: order.id },
        'The hold of an order without session could not be given back',
      );
    }
  }
}
