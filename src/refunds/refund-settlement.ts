import { randomUUID } from 'node:crypto';
import type { EntityManager } from '@mikro-orm/postgresql';
import { persistNew } from '../database/index.js';
import type { Logger } from '../logging.js';
import type { Metrics } from '../metrics.js';
import type { Order } from '../orders/entities.js';
import { lockedOrder, paymentStatusOf } from '../orders/index.js';
import type { Ledger, Movement, RefundState } from '../payments/index.js';
import { Refund, RefundReason, RefundStatus } from './refund.entity.js';
import { enqueueNotice } from './refund-placement.js';

/** How long until Stripe is asked again about a refund that it has not decided, in milliseconds. */
const SOONEST_CHECK_MS = 60_000;
const LATEST_CHECK_MS = 60 * 60_000;

/** A refund goes through these forwards alone: what was asked earlier may come to be known later. */
const RANK: Readonly<Record<RefundState['status'], number>> = { PENDING: 0, SUCCEEDED: 1, FAILED: 2 };

/**
 * The one place where a refund follows what Stripe says of it. The order's row is locked first, so that each of all
 * who hear of a refund at once sees what the others did.
 */
export class RefundSettlement {
  constructor(
    private readonly ledger: Ledger,
    private readonly metrics: Metrics,
    private readonly logger: Logger,
  ) {}

  /**
   * Idempotent, in any order. A refund that none of ours is gets a row of its own: it was made at Stripe.
   *
   * @param em inside a transaction
   */
  async follow(em: EntityManager, orderId: string, state: RefundState): Promise<'applied' | 'ignored'> {
    const order = await lockedOrder(em, orderId);
    const refund = (await findRefund(em, order, state)) ?? this.made(em, order, state);
    await this.recordMovements(em, order, state);
    if (!isNews(refund, state)) return 'ignored';
    const accepted = refund.stripeRefundId !== state.id && state.status !== 'FAILED';
    refund.stripeRefundId = state.id;
    this.settle(refund, RefundStatus[state.status], state.failureReason);
    await this.finish(em, order);
    if (accepted && isTold(refund)) await enqueueNotice(em, refund);
    return 'applied';
  }

  /**
   * Stripe has refused to make this attempt, and none was made.
   *
   * @param em inside a transaction
   */
  async refuse(em: EntityManager, asked: Refund, failureReason: string): Promise<void> {
    const order = await lockedOrder(em, asked.orderId);
    const refund = await em.findOneOrFail(Refund, { id: asked.id }, { refresh: true });
    if (refund.attempt !== asked.attempt || refund.stripeRefundId !== null) return;
    if (refund.status !== RefundStatus.PENDING) return;
    this.settle(refund, RefundStatus.FAILED, failureReason);
    await this.finish(em, order);
  }

  private settle(refund: Refund, status: RefundStatus, failureReason: string | null): void {
    const now = Date.now();
    refund.status = status;
    refund.failureReason = failureReason;
    if (status === RefundStatus.PENDING) {
      const age = now - refund.createdAt.getTime();
      refund.checkAt = new Date(now + Math.min(Math.max(age, SOONEST_CHECK_MS), LATEST_CHECK_MS));
      return;
    }
    refund.settledAt = new Date(now);
    refund.checkAt = null;
    this.metrics.refundsSettled.inc({ status });
    if (status === RefundStatus.FAILED) {
      this.logger.error(
        { orderId: refund.orderId, refundId: refund.id, failureReason },
        'A refund failed; it can be tried again',
      );
    }
  }

  private async finish(em: EntityManager, order: Order): Promise<void> {
    await em.flush();
    order.paymentStatus = await paymentStatusOf(em, order);
    await em.flush();
  }

  private made(em: EntityManager, order: Order, state: RefundState): Refund {
    this.logger.warn({ orderId: order.id, stripeRefundId: state.id }, 'A refund was made at Stripe itself');
    return persistNew(em, new Refund(), {
      id: randomUUID(),
      orderId: order.id,
      refundedAmount: state.amount,
      currency: state.currency,
      reason: RefundReason.AT_STRIPE,
      restock: false,
      status: RefundStatus.PENDING,
      attempt: 1,
      createdAt: state.createdAt,
    });
  }

  /**
   * Money leaves when Stripe takes a refund on. How much of it comes from the producer, and of the fee, Stripe
   * tells of all refunds of the charge together; so this one's part is what is not yet recorded.
   */
  private async recordMovements(em: EntityManager, order: Order, state: RefundState): Promise<void> {
    const recorded = await recordedFor(em, order.id);
    const movement = (kind: Movement['kind'], amount: number): Movement[] =>
      amount > 0 ? [{ kind, sourceId: state.id, amount, occurredAt: state.createdAt }] : [];
    await this.ledger.record(em, order, [
      ...movement('REFUND', state.amount),
      ...movement('TRANSFER_REVERSAL', state.transferReversed - recorded.reversed),
      ...movement('APPLICATION_FEE_REFUND', state.applicationFeeRefunded - recorded.fee),
      ...movement('REFUND_FAILED', state.status === 'FAILED' ? state.amount : 0),
    ]);
  }
}

function findRefund(em: EntityManager, order: Order, state: RefundState): Promise<Refund | null> {
  const ours = state.attemptOf === undefined ? [] : [{ id: state.attemptOf.refundId }];
  const where = { orderId: order.id, $or: [...ours, { stripeRefundId: state.id }] };
  return em.findOne(Refund, where, { refresh: true });
}

/** Whether the state says more of the refund's present attempt than is known. */
function isNews(refund: Refund, state: RefundState): boolean {
  const { attemptOf } = state;
  if (attemptOf?.refundId === refund.id && attemptOf.attempt !== refund.attempt) return false;
  return refund.stripeRefundId !== state.id || RANK[state.status] > RANK[refund.status];
}

/** Those that a show was called off for are told of when that happens. */
function isTold({ reason }: Refund): boolean {
  return reason !== RefundReason.AT_STRIPE && reason !== RefundReason.SHOW_CANCELLED;
}

async function recordedFor(em: EntityManager, orderId: string): Promise<{ reversed: number; fee: number }> {
  const [row] = await em.execute<[{ reversed: string; fee: string }]>(
    `select coalesce(sum(amount) filter (where kind = 'TRANSFER_REVERSAL'), 0) as reversed,
       coalesce(sum(amount) filter (where kind = 'APPLICATION_FEE_REFUND'), 0) as fee
     from ledger_entry where order_id = ? and amount > 0`,
    [orderId],
  );
  return { reversed: Number(row.reversed), fee: Number(row.fee) };
}
