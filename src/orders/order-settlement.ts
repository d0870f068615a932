import { LockMode } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import { databaseNow } from '../database/index.js';
import type { InventoryCounters } from '../inventory/index.js';
import type { PaymentState } from '../payments/index.js';
import { Order, OrderStatus, PaymentStatus } from './order.entity.js';
import type { OrderConfirmation, Paid } from './order-confirmation.js';
import { OrderLine } from './order-line.entity.js';
import { mismatchOf } from './payment-mismatch.js';
import { type Settled, UNCHANGED } from './settled.js';

/** How long until Stripe is asked again about a payment that it has not decided, in milliseconds. */
const NEXT_CHECK_MS = 60_000;

/** How a PENDING order ends without a sale. */
export type Ending = Readonly<{
  status: OrderStatus.EXPIRED | OrderStatus.CANCELLED;
  paymentStatus: PaymentStatus.UNPAID | PaymentStatus.FAILED;
}>;

/**
 * The one place where an order follows what Stripe says of its payment. The order's row is locked
 * first, so of all that happens to one order at once each sees what the other did.
 */
export class OrderSettlement {
  constructor(
    private readonly counters: InventoryCounters,
    private readonly confirmation: OrderConfirmation,
  ) {}

  /** @param em inside a transaction */
  async settle(em: EntityManager, orderId: string, payment: PaymentState): Promise<Settled> {
    const order = await lockedOrder(em, orderId);
    if (isOfAnotherSession(order, payment)) return this.confirmation.refuseStray(order, payment);
    switch (payment.kind) {
      case 'paid':
        if (hasComeToNothing(order, payment)) return this.end(em, order, endingOf(order));
        return this.confirmation.confirmOrder(em, order, payment);
      case 'processing':
        return this.waitForDecision(em, order, payment.paymentIntentId);
      case 'failed':
        return this.end(em, order, { status: OrderStatus.CANCELLED, paymentStatus: PaymentStatus.FAILED });
      case 'expired':
        return this.end(em, order, endingOf(order));
      case 'open':
        return UNCHANGED;
    }
  }

  /**
   * Gives the inventory of an order back that never had a session which a buyer could have paid; its
   * idempotency key is free again, since nothing is left of this try. An order whose session is there
   * after all is left alone: the same purchase, sent twice, may have been answered with it. So is one that has
   * begun another attempt since.
   *
   * @param checkAt when to look for a session that did come to exist
   */
  async abandon(
    em: EntityManager,
    { id, checkoutAttempt }: Pick<Order, 'id' | 'checkoutAttempt'>,
    checkAt: Date | null,
  ): Promise<Settled> {
    const order = await lockedOrder(em, id);
    if (order.checkoutAttempt !== checkoutAttempt) return UNCHANGED;
    if (order.status !== OrderStatus.PENDING || order.checkoutSessionId !== null) return UNCHANGED;
    const settled = await this.end(em, order, {
      status: OrderStatus.CANCELLED,
      paymentStatus: PaymentStatus.UNPAID,
    });
    order.releasedIdempotencyKey = order.idempotencyKey;
    order.idempotencyKey = null;
    order.checkAt = checkAt;
    await em.flush();
    return settled;
  }

  private async waitForDecision(em: EntityManager, order: Order, paymentIntentId: string): Promise<Settled> {
    if (order.status !== OrderStatus.PENDING || order.paymentStatus === PaymentStatus.PROCESSING)
      return UNCHANGED;
    order.paymentStatus = PaymentStatus.PROCESSING;
    order.paymentIntentId = paymentIntentId;
    order.checkAt = new Date((await databaseNow(em)).getTime() + NEXT_CHECK_MS);
    await em.flush();
    return { outcome: 'applied', tickets: [] };
  }

  private async end(em: EntityManager, order: Order, ending: Ending): Promise<Settled> {
    if (order.status !== OrderStatus.PENDING) return UNCHANGED;
    const lines = await em.find(OrderLine, { orderId: order.id });
    order.status = ending.status;
    order.paymentStatus = ending.paymentStatus;
    order.endedAt = new Date();
    order.checkAt = null;
    await em.flush();
    await this.counters.lock(
      em,
      lines.map((line) => line.ticketId),
    );
    const tickets = await this.counters.change(
      em,
      lines.map((line) => ({ ticketId: line.ticketId, held: -line.quantity, sold: 0 })),
    );
    return { outcome: 'applied', tickets, status: order.status };
  }
}

/** The order as it is now, its row locked for the rest of the transaction: before its tickets, never after. */
export function lockedOrder(em: EntityManager, orderId: string): Promise<Order> {
  return em.findOneOrFail(Order, { id: orderId }, { lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true });
}

/** What happens to a session that the order has left behind is no concern of the order as it is now. */
function isOfAnotherSession(order: Order, payment: PaymentState): boolean {
  if (payment.attempt !== order.checkoutAttempt) return true;
  const { sessionId } = payment;
  return sessionId !== null && order.checkoutSessionId !== null && sessionId !== order.checkoutSessionId;
}

/** What was paid does not fit, so a human has given it back at Stripe: nothing is left that the order could wait for. */
function hasComeToNothing(order: Order, paid: Paid): boolean {
  return paid.isReturned && mismatchOf(order, paid) !== undefined;
}

/** A session that expired because the buyer cancelled is not one whose time ran out. */
function endingOf(order: Order): Ending {
  const status = order.cancelRequestedAt === null ? OrderStatus.EXPIRED : OrderStatus.CANCELLED;
  return { status, paymentStatus: PaymentStatus.UNPAID };
}
