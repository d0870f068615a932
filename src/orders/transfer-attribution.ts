import type { Orm } from '../database/index.js';
import type { Checkout } from '../payments/index.js';
import { Order } from './order.entity.js';
import { paymentMetadata } from './order-checkout.js';

/** Lets a producer see on its own Stripe account which order a transfer is for. */
export class TransferAttribution {
  constructor(
    private readonly orm: Orm,
    private readonly checkout: Checkout,
  ) {}

  /**
   * Writes the order's metadata on the transfer that its payment made. Saying it again changes nothing.
   *
   * @throws where Stripe has not made the transfer yet, which follows the charge after a while
   */
  async attribute(orderId: string): Promise<void> {
    const order = await this.orm.em.fork().findOneOrFail(Order, { id: orderId });
    if (order.paymentIntentId === null) return;
    await this.checkout.describeTransfer(order.paymentIntentId, paymentMetadata(order));
  }
}
