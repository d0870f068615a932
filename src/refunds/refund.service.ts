import type { EntityManager } from '@mikro-orm/postgresql';
import { AuditLogAction, recordChange, type Viewer } from '../accounts/index.js';
import type { Orm } from '../database/index.js';
import { conflict, isAppError, notFound } from '../errors.js';
import type { InventoryStream } from '../inventory/index.js';
import type { Logger } from '../logging.js';
import { type Order, PaymentStatus } from '../orders/entities.js';
import { lockedOrder, type OrderEvents, type OrderService, paymentStatusOf } from '../orders/index.js';
import { parseRefundId } from '../validation/ids.js';
import { Refund, RefundReason, RefundStatus } from './refund.entity.js';
import type { RefundExecution } from './refund-execution.js';
import { enqueueExecution, type RefundPlacement } from './refund-placement.js';
import { decodeRefund, type RefundInput, type RefundRequest } from './refund-request.js';

/** Refunds as producers' teams ask for them. */
export class RefundService {
  constructor(
    private readonly orm: Orm,
    private readonly orders: OrderService,
    private readonly placement: RefundPlacement,
    private readonly execution: RefundExecution,
    private readonly inventory: InventoryStream,
    private readonly events: OrderEvents,
    private readonly logger: Logger,
  ) {}

  /**
   * Takes the tickets back at once, and asks Stripe for the money; where Stripe cannot be asked now, the refund that
   * is answered is PENDING and is carried out as soon as it can be.
   *
   * @throws AppError BAD_USER_INPUT, NOT_FOUND, FORBIDDEN, IDEMPOTENCY_KEY_REUSED; CONFLICT where the order is not
   * confirmed, is disputed, or has been refunded
   */
  async refund(em: EntityManager, viewer: Viewer, input: RefundInput): Promise<Refund> {
    const request = decodeRefund(input);
    await this.orders.requireManaged(em, viewer, request.orderId, 'orderId');
    const refund = await this.carryOut(request, viewer.userId);
    return em.findOneOrFail(Refund, { id: refund.id });
  }

  /** The same for whoever may do it; for jobs. */
  async carryOut(request: RefundRequest, requestedBy: string | null): Promise<Refund> {
    const { refund, tickets } = await this.orm.em.fork().transactional(async (tx) => {
      const order = await lockedOrder(tx, request.orderId);
      return this.placement.place(tx, order, request, requestedBy);
    });
    this.inventory.publish(tickets);
    this.events.publish(request.orderId);
    await this.tryNow(refund.id);
    return refund;
  }

  /**
   * Tries a refund that failed once more, as another attempt.
   *
   * @throws AppError BAD_USER_INPUT, NOT_FOUND, FORBIDDEN; CONFLICT with `status` where it has not failed, where it
   * was made at Stripe, or where the money has gone back in another way
   */
  async retry(em: EntityManager, viewer: Viewer, id: string): Promise<Refund> {
    const refundId = parseRefundId(id);
    const { orderId } = await this.requireManaged(em, viewer, refundId);
    await this.orm.em.fork().transactional(async (tx) => {
      const order = await lockedOrder(tx, orderId);
      const refund = await tx.findOneOrFail(Refund, { id: refundId });
      await requireRetriable(tx, order, refund);
      refund.attempt += 1;
      refund.status = RefundStatus.PENDING;
      refund.stripeRefundId = null;
      refund.failureReason = null;
      refund.settledAt = null;
      refund.askedAt = null;
      refund.checkAt = new Date(Date.now() + 60_000);
      await tx.flush();
      order.paymentStatus = await paymentStatusOf(tx, order);
      await tx.flush();
      await enqueueExecution(tx, refund);
      await recordChange(tx, {
        action: AuditLogAction.REFUND_RETRIED,
        actorId: viewer.userId,
        of: { showId: order.showId },
        subject: ['Refund', refundId],
        details: { orderId, attempt: refund.attempt },
      });
    });
    this.events.publish(orderId);
    await this.tryNow(refundId);
    return em.findOneOrFail(Refund, { id: refundId }, { refresh: true });
  }

  private async requireManaged(em: EntityManager, viewer: Viewer, refundId: string): Promise<Refund> {
    const refund = await em.findOne(Refund, { id: refundId });
    if (refund === null) throw notFound('Refund not found');
    try {
      await this.orders.requireManaged(em, viewer, refund.orderId);
    } catch (error) {
      throw isAppError(error, 'NOT_FOUND') ? notFound('Refund not found') : error;
    }
    return refund;
  }

  private async tryNow(refundId: string): Promise<void> {
    try {
      await this.execution.execute(refundId);
    } catch (error) {
      // The refund stands, and its job goes on where this ended.
      this.logger.warn({ err: error, refundId }, 'A refund could not be carried out at once');
    }
  }
}

async function requireRetriable(em: EntityManager, order: Order, refund: Refund): Promise<void> {
  if (refund.status !== RefundStatus.FAILED || refund.reason === RefundReason.AT_STRIPE) {
    throw conflict('Only a refund of ours that failed can be tried again', { status: refund.status });
  }
  if (order.paymentStatus === PaymentStatus.DISPUTED) {
    throw conflict('The payment of this order is disputed', { status: refund.status });
  }
  const others = await em.find(Refund, { orderId: order.id, status: { $ne: RefundStatus.FAILED } });
  const refunded = others.reduce((sum, other) => sum + other.refundedAmount, 0);
  if (refunded + refund.refundedAmount > order.totalAmount) {
    throw conflict('This money has gone back in another way since', { status: refund.status });
  }
}
