import type { EntityManager } from '@mikro-orm/postgresql';
import { addJob, persistNew } from '../database/index.js';
import { AttendeeStatus, type Order, OrderStatus, PaymentStatus } from '../orders/entities.js';
import { hasBeenPaid, lockedOrder, paymentStatusOf } from '../orders/index.js';
import { DISPUTE_STATUSES, type DisputeState, type Ledger, type Movement } from '../payments/index.js';
import { Dispute, DisputeStatus } from './dispute.entity.js';

/** How long until Stripe is asked again about a dispute that is open, in milliseconds. */
export const NEXT_CHECK_MS = 60 * 60_000;

/** What following a dispute came to, inside a transaction that is not yet committed. */
export interface Followed {
  readonly outcome: 'applied' | 'ignored';
  /** Whether money of this order is newly contested. */
  readonly opened: boolean;
}

const CONTESTED: readonly DisputeStatus[] = [
  DisputeStatus.NEEDS_RESPONSE,
  DisputeStatus.UNDER_REVIEW,
  DisputeStatus.LOST,
];
const ASKS_FOR_ANSWER: readonly DisputeStatus[] = [
  DisputeStatus.INQUIRY_NEEDS_RESPONSE,
  DisputeStatus.NEEDS_RESPONSE,
];

/**
 * The one place where an order follows its disputes. What becomes of attendees and payment status follows from the
 * rows alone, so the order in which states arrive, and how often, makes no difference.
 */
export class DisputeSettlement {
  constructor(private readonly ledger: Ledger) {}

  /** @param em inside a transaction */
  async follow(em: EntityManager, orderId: string, state: DisputeState): Promise<Followed> {
    const order = await lockedOrder(em, orderId);
    const known = await em.findOne(Dispute, { id: state.id }, { refresh: true });
    const moved = await this.ledger.record(em, order, movementsOf(state));
    if (known !== null && !isNews(known, state)) {
      return { outcome: moved ? 'applied' : 'ignored', opened: false };
    }
    const before = known?.status;
    const dispute = known ?? persistNew(em, new Dispute(), newDispute(order, state));
    update(dispute, state);
    await em.flush();
    await followInside(em, order);
    const opened = isContested(dispute.status) && !(before !== undefined && isContested(before));
    if (opened || (before !== dispute.status && ASKS_FOR_ANSWER.includes(dispute.status))) {
      await addJob(em, 'send-dispute-notice', { orderId, disputeId: dispute.id });
    }
    return { outcome: 'applied', opened };
  }
}

function isContested(status: DisputeStatus): boolean {
  return CONTESTED.includes(status);
}

/** Stripe is asked outside of the transaction, so an older answer may come after a newer one. */
function isNews(known: Dispute, state: DisputeState): boolean {
  const [older, newer] = [rank(known.status), rank(state.status)];
  if (newer !== older) return newer > older;
  return state.isFinal
    ? known.checkAt !== null
    : known.disputedAmount !== state.amount ||
        known.evidenceDueBy?.getTime() !== state.evidenceDueBy?.getTime();
}

function rank(status: DisputeState['status']): number {
  return DISPUTE_STATUSES.indexOf(status);
}

function newDispute(order: Order, state: DisputeState) {
  return {
    id: state.id,
    orderId: order.id,
    currency: state.currency,
    createdAt: state.createdAt,
    disputedAmount: state.amount,
    reason: state.reason,
    status: DisputeStatus[state.status],
  };
}

function update(dispute: Dispute, state: DisputeState): void {
  const now = Date.now();
  dispute.disputedAmount = state.amount;
  dispute.reason = state.reason;
  dispute.status = DisputeStatus[state.status];
  dispute.evidenceDueBy = state.evidenceDueBy;
  dispute.closedAt = state.isFinal ? (dispute.closedAt ?? new Date(now)) : null;
  dispute.checkAt = state.isFinal ? null : new Date(now + NEXT_CHECK_MS);
}

function movementsOf({ id, withdrawn, reinstated }: DisputeState): Movement[] {
  return [
    ...(withdrawn
      ? [{ kind: 'DISPUTE', sourceId: id, amount: withdrawn.amount, occurredAt: withdrawn.at } as const]
      : []),
    ...(reinstated
      ? [
          {
            kind: 'DISPUTE_REVERSAL',
            sourceId: id,
            amount: reinstated.amount,
            occurredAt: reinstated.at,
          } as const,
        ]
      : []),
  ];
}

async function followInside(em: EntityManager, order: Order): Promise<void> {
  if (hasBeenPaid(order)) await followPayment(em, order);
  const disputes = await em.find(Dispute, { orderId: order.id });
  const status = attendeeStatus(disputes.map((dispute) => dispute.status));
  // Whose money was given back stays out, however the dispute ends.
  await em.execute(
    `update attendee set status = ? where order_id = ? and status <> ?
       and not exists (select from refund_attendee where refund_attendee.attendee_id = attendee.id)`,
    [status, order.id, status],
  );
  // Whoever is let in again by an appeal that was won may be of a show that was called off meanwhile.
  await em.execute('update show_cancellation set check_at = now() where show_id = ?', [order.showId]);
  await em.flush();
}

async function followPayment(em: EntityManager, order: Order): Promise<void> {
  const wasDisputed = order.paymentStatus === PaymentStatus.DISPUTED;
  order.paymentStatus = await paymentStatusOf(em, order);
  const isBack = wasDisputed && order.paymentStatus !== PaymentStatus.DISPUTED;
  // Money of an order that had ended is the buyer's; while the bank had it, nobody could send it back.
  if (!isBack || order.status === OrderStatus.CONFIRMED) return;
  await addJob(
    em,
    'refund-late-payment',
    { orderId: order.id },
    { jobKey: `refund-late-payment:${order.id}` },
  );
}

function attendeeStatus(statuses: readonly DisputeStatus[]): AttendeeStatus {
  if (statuses.includes(DisputeStatus.LOST)) return AttendeeStatus.REVOKED;
  return statuses.some(isContested) ? AttendeeStatus.FROZEN : AttendeeStatus.VALID;
}
