import type { Orm } from '../database/index.js';
import { addJob } from '../database/index.js';
import type { Logger } from '../logging.js';
import type { Checkout } from '../payments/index.js';
import { Order, OrderStatus, PaymentStatus } from './order.entity.js';
import type { OrderEvents } from './order-events.js';

/** Gives money back that arrived for an order which had ended. */
export class LateRefunds {
  constructor(
    private readonly orm: Orm,
    private readonly checkout: Checkout,
    private readonly events: OrderEvents,
    private readonly logger: Logger,
  ) {}

  /** Once per order, however often it is called: the state is checked first, and Stripe knows the key. */
  async refund(orderId: string): Promise<void> {
    const order = await this.orm.em.fork().findOneOrFail(Order, { id: orderId });
    if (order.status === OrderStatus.CONFIRMED || order.paymentStatus !== PaymentStatus.PAID) return;
    if (order.paymentIntentId === null) throw new Error(`Order ${orderId} has no payment to refund`);
    await this.checkout.refundAll(orderId, order.paymentIntentId, order.applicationFeeAmount);
    await this.orm.em.fork().transactional(async (em) => {
      const changed = await em.nativeUpdate(
        Order,
        { id: orderId, paymentStatus: PaymentStatus.PAID, status: { $ne: OrderStatus.CONFIRMED } },
        { paymentStatus: PaymentStatus.REFUNDED },
      );
      if (changed === 1) await addJob(em, 'send-refund-notice', { orderId });
    });
    this.events.publish(orderId);
    this.logger.info({ orderId }, 'A late payment was refunded');
  }
}
