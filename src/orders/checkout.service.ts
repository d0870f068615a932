import type { EntityManager } from '@mikro-orm/postgresql';
import type { RateLimits, Viewer } from '../accounts/index.js';
import { conflict, unauthenticated } from '../errors.js';
import { providerUnavailable } from '../payments/index.js';
import { parseOrderId } from '../validation/ids.js';
import { type CheckoutOpening, type PurchaseResult, whileSomebodyWaits } from './checkout-opening.js';
import { type Order, OrderStatus } from './order.entity.js';
import type { OrderService } from './order.service.js';
import type { OrderCheckout } from './order-checkout.js';
import type { OrderLifecycle } from './order-lifecycle.service.js';
import { isGivenUp, lacksSession, type OrderReopening } from './order-reopening.js';

/** The way back to the page where an order is paid. */
export class CheckoutService {
  constructor(
    private readonly orders: Pick<OrderService, 'require'>,
    private readonly reopening: OrderReopening,
    private readonly checkout: OrderCheckout,
    private readonly lifecycle: OrderLifecycle,
    private readonly opening: CheckoutOpening,
    private readonly limits: Pick<RateLimits, 'purchase'>,
  ) {}

  /**
   * Answers with the page of an order that can be paid, and makes it where there is none: because the server died on
   * the way to it, or because the order was given up when Stripe could not be asked in time. However often it is
   * asked, there is one page at a time that can be paid on.
   *
   * @throws AppError UNAUTHENTICATED without account and token; BAD_USER_INPUT, NOT_FOUND, RATE_LIMITED; CONFLICT
   * with `status` for an order that has nothing to pay any more; PAYMENT_PROVIDER_UNAVAILABLE; and whatever a
   * purchase of the same tickets would be refused for now
   */
  async createCheckout(
    em: EntityManager,
    viewer: Viewer | null,
    clientAddress: string,
    id: string,
    accessToken?: string | null,
  ): Promise<PurchaseResult> {
    const since = Date.now();
    if (viewer === null && !accessToken) throw unauthenticated("Sign in, or send the order's access token");
    const order = await this.orders.require(em, viewer, parseOrderId(id, 'orderId'), accessToken);
    await this.limits.purchase(clientAddress, viewer?.userId ?? order.email);
    return whileSomebodyWaits(since, () => this.openPage(em, order));
  }

  private async openPage(em: EntityManager, order: Order): Promise<PurchaseResult> {
    const begun = await this.beginAnew(em, order);
    await em.refresh(order);
    // A session was found in this very instant that must be expired before there is another.
    if (isGivenUp(order)) throw providerUnavailable({ retryAfterMs: 1_000 });
    if (lacksSession(order) || order.checkoutUrl() !== null) {
      if (order.cancelRequestedAt === null) return this.opening.open({ em }, order, begun ? 'new' : 'known');
    }
    throw conflict(conflictMessage(order), { status: order.status, paymentStatus: order.paymentStatus });
  }

  /** @returns whether the order was given another attempt at a session */
  private async beginAnew(em: EntityManager, order: Order): Promise<boolean> {
    if (isGivenUp(order)) {
      // Before anything is asked of Stripe for it.
      await this.reopening.payableAccount(order.showId);
      await this.lifecycle.endStray(em, order);
      return this.reopening.reopen(order);
    }
    if (!lacksSession(order)) return false;
    await this.reopening.payableAccount(order.showId);
    const made = await this.checkout.findSession(em, order);
    return made === undefined && this.reopening.reopen(order);
  }
}

function conflictMessage(order: Order): string {
  if (order.status === OrderStatus.CONFIRMED) return 'This order is confirmed; nothing is left to pay';
  if (order.status !== OrderStatus.PENDING) return 'This order has ended; buy again';
  return order.cancelRequestedAt === null ? 'This order is being paid' : 'This order is being cancelled';
}
