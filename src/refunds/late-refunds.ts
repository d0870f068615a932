import type { Orm } from '../database/index.js';
import { OrderStatus, PaymentStatus } from '../orders/entities.js';
import { lockedOrder } from '../orders/index.js';
import { RefundStatus } from './refund.entity.js';
import type { RefundExecution } from './refund-execution.js';
import type { RefundPlacement } from './refund-placement.js';

/** Disputed money is with the bank; should it come back, this begins again. */
const OWED: ReadonlySet<PaymentStatus> = new Set([PaymentStatus.PAID, PaymentStatus.PARTIALLY_REFUNDED]);

/** Gives money back that arrived for an order which had ended. */
export class LateRefunds {
  constructor(
    private readonly orm: Orm,
    private readonly placement: RefundPlacement,
    private readonly execution: RefundExecution,
  ) {}

  /**
   * Once per order, however often it is called.
   *
   * @throws AppError PAYMENT_PROVIDER_UNAVAILABLE when Stripe cannot be asked; to be called again
   */
  async refund(orderId: string): Promise<void> {
    const refund = await this.orm.em.fork().transactional(async (em) => {
      const order = await lockedOrder(em, orderId);
      if (order.status === OrderStatus.CONFIRMED || !OWED.has(order.paymentStatus)) return null;
      return this.placement.placeLate(em, order);
    });
    if (refund?.status === RefundStatus.PENDING) await this.execution.execute(refund.id);
  }
}
