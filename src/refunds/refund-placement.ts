import { randomUUID } from 'node:crypto';
import type { EntityManager } from '@mikro-orm/postgresql';
import { AuditLogAction, recordChange } from '../accounts/index.js';
import { addJob, persistNew } from '../database/index.js';
import { AppError, conflict } from '../errors.js';
import type { InventoryCounters, TicketRow } from '../inventory/index.js';
import {
  Attendee,
  AttendeeStatus,
  type Order,
  OrderLine,
  OrderStatus,
  PaymentStatus,
} from '../orders/entities.js';
import { paymentStatusOf } from '../orders/index.js';
import { Refund, RefundReason, RefundStatus } from './refund.entity.js';
import { RefundAttendee } from './refund-attendee.entity.js';
import type { RefundRequest } from './refund-request.js';
import { type RefundableOrder, select } from './refund-selection.js';

/** How long whoever made a refund has to carry it out, in milliseconds, before others look after it. */
const FIRST_CHECK_MS = 60_000;

/** Longer than a call to Stripe takes, with its repetitions. */
const OWN_TIME_SECONDS = 15;

/** What the making of a refund came to, inside a transaction that is not yet committed. */
export interface PlacedRefund {
  readonly refund: Refund;
  /** Tickets that went back on sale, as they stand now. */
  readonly tickets: readonly TicketRow[];
}

/** Makes refunds, in the transaction that takes the tickets back; Stripe is asked once it has committed. */
export class RefundPlacement {
  constructor(private readonly counters: InventoryCounters) {}

  /**
   * @param em inside a transaction in which the order's row is locked
   * @throws AppError CONFLICT with `status` and `paymentStatus` where the order is not one that can be refunded, or
   * where this was refunded before; NOT_FOUND; IDEMPOTENCY_KEY_REUSED
   */
  async place(
    em: EntityManager,
    order: Order,
    request: RefundRequest,
    requestedBy: string | null,
  ): Promise<PlacedRefund> {
    const known = await findKnown(em, request);
    if (known !== null) return { refund: known, tickets: [] };
    requireRefundable(order);
    const refundable = await readRefundable(em, order);
    const { attendees, amount } = select(refundable, request.choice);
    const refund = this.create(em, order, { ...request, amount, requestedBy });
    for (const attendee of attendees) {
      attendee.status = AttendeeStatus.REVOKED;
      persistNew(em, new RefundAttendee(), { attendeeId: attendee.id, refundId: refund.id });
    }
    const tickets = request.restock ? await this.restock(em, refundable.lines, attendees) : [];
    await this.finish(em, order, refund);
    return { refund, tickets };
  }

  /** Gives all that is left of a payment back that came for an order which had ended, once; null where none is left. */
  async placeLate(em: EntityManager, order: Order): Promise<Refund | null> {
    const known = await em.findOne(Refund, { orderId: order.id, reason: RefundReason.LATE_PAYMENT });
    if (known !== null) return known;
    const amount = order.totalAmount - (await reservedBy(em, order.id));
    if (amount <= 0) return null;
    const refund = this.create(em, order, {
      amount,
      reason: RefundReason.LATE_PAYMENT,
      note: null,
      restock: false,
      idempotencyKey: null,
      inputHash: null,
      requestedBy: null,
    });
    await em.flush();
    await record(em, order, refund);
    return refund;
  }

  private create(
    em: EntityManager,
    order: Order,
    given: Pick<Refund, 'reason' | 'note' | 'restock' | 'idempotencyKey' | 'inputHash' | 'requestedBy'> & {
      readonly amount: number;
    },
  ): Refund {
    const { amount, reason, note, restock, idempotencyKey, inputHash, requestedBy } = given;
    const now = new Date();
    // There is nothing to ask Stripe for where nothing was paid.
    const settled = amount === 0;
    return persistNew(em, new Refund(), {
      id: randomUUID(),
      orderId: order.id,
      refundedAmount: amount,
      currency: order.currency,
      reason,
      note,
      restock,
      status: settled ? RefundStatus.SUCCEEDED : RefundStatus.PENDING,
      attempt: 1,
      requestedBy,
      idempotencyKey,
      inputHash,
      createdAt: now,
      settledAt: settled ? now : null,
      checkAt: settled ? null : new Date(now.getTime() + FIRST_CHECK_MS),
    });
  }

  private async restock(
    em: EntityManager,
    lines: readonly OrderLine[],
    attendees: readonly Attendee[],
  ): Promise<TicketRow[]> {
    const perLine = Map.groupBy(attendees, (attendee) => attendee.orderLineId);
    const changed = lines.filter((line) => perLine.has(line.id));
    if (changed.length === 0) return [];
    for (const line of changed) line.restocked += perLine.get(line.id)?.length ?? 0;
    await this.counters.lock(
      em,
      changed.map((line) => line.ticketId),
    );
    return this.counters.change(
      em,
      changed.map((line) => ({
        ticketId: line.ticketId,
        held: 0,
        sold: -(perLine.get(line.id)?.length ?? 0),
      })),
    );
  }

  private async finish(em: EntityManager, order: Order, refund: Refund): Promise<void> {
    await em.flush();
    order.paymentStatus = await paymentStatusOf(em, order);
    await em.flush();
    await record(em, order, refund);
    if (refund.status === RefundStatus.PENDING) await enqueueExecution(em, refund);
    if (refund.reason === RefundReason.SHOW_CANCELLED) await enqueueNotice(em, refund);
  }
}

function record(em: EntityManager, order: Order, refund: Refund): Promise<void> {
  const { id, requestedBy, refundedAmount: amount, currency, reason, restock } = refund;
  return recordChange(em, {
    action: AuditLogAction.REFUND_MADE,
    actorId: requestedBy,
    of: { showId: order.showId },
    subject: ['Refund', id],
    details: { orderId: order.id, amount, currency, reason, restock },
  });
}

/**
 * Whoever made the refund carries it out at once; the job is there for when it cannot, and begins when it has had
 * its time.
 */
export function enqueueExecution(em: EntityManager, refund: Refund): Promise<void> {
  const options = { jobKey: `execute-refund:${refund.id}`, delaySeconds: OWN_TIME_SECONDS };
  return addJob(em, 'execute-refund', { refundId: refund.id }, options);
}

/** Tells the buyer. */
export function enqueueNotice(em: EntityManager, refund: Refund): Promise<void> {
  return addJob(em, 'send-refund-notice', { orderId: refund.orderId, refundId: refund.id });
}

async function findKnown(em: EntityManager, request: RefundRequest): Promise<Refund | null> {
  const { orderId, idempotencyKey, inputHash } = request;
  if (idempotencyKey === null) return null;
  const known = await em.findOne(Refund, { orderId, idempotencyKey });
  if (known !== null && known.inputHash !== inputHash) {
    throw new AppError('IDEMPOTENCY_KEY_REUSED', 'This idempotency key was used for another refund');
  }
  return known;
}

const REFUNDABLE: ReadonlySet<PaymentStatus> = new Set([
  PaymentStatus.PAID,
  PaymentStatus.PARTIALLY_REFUNDED,
  PaymentStatus.REFUNDED,
  PaymentStatus.NOT_REQUIRED,
]);

function requireRefundable(order: Order): void {
  const { status, paymentStatus } = order;
  if (status === OrderStatus.CONFIRMED && REFUNDABLE.has(paymentStatus)) return;
  const why =
    paymentStatus === PaymentStatus.DISPUTED
      ? 'The payment of this order is disputed; its money is with the bank until that is decided'
      : 'Only a confirmed order can be refunded';
  throw conflict(why, { status, paymentStatus });
}

async function readRefundable(em: EntityManager, order: Order): Promise<RefundableOrder> {
  const byPosition = { orderBy: { position: 'asc' } } as const;
  const lines = await em.find(OrderLine, { orderId: order.id }, byPosition);
  const attendees = await em.find(Attendee, { orderId: order.id }, byPosition);
  const refunded = await em.find(RefundAttendee, { attendeeId: { $in: attendees.map(({ id }) => id) } });
  return {
    lines,
    attendees,
    refundedAttendeeIds: new Set(refunded.map(({ attendeeId }) => attendeeId)),
    left: order.totalAmount - (await reservedBy(em, order.id)),
  };
}

/**
 * What all refunds of an order come to, in minor units; one of ours that failed keeps its part, to be tried again. One
 * that was made at Stripe is never tried again from here.
 */
async function reservedBy(em: EntityManager, orderId: string): Promise<number> {
  const failedAtStripe = { reason: RefundReason.AT_STRIPE, status: RefundStatus.FAILED };
  const refunds = await em.find(Refund, { orderId, $not: failedAtStripe });
  return refunds.reduce((sum, refund) => sum + refund.refundedAmount, 0);
}
