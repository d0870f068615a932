import type { EntityManager } from '@mikro-orm/postgresql';
import { addJob } from '../database/index.js';
import type { CounterChange, InventoryCounters, TicketRow } from '../inventory/index.js';
import { available } from '../inventory/index.js';
import type { Logger } from '../logging.js';
import type { Metrics } from '../metrics.js';
import type { Ledger, Movement, PaymentState } from '../payments/index.js';
import { createAttendees } from './attendees.js';
import { type Order, OrderStatus, PaymentStatus } from './order.entity.js';
import { OrderLine } from './order-line.entity.js';
import { type Mismatch, mismatchOf } from './payment-mismatch.js';
import { hasBeenPaid } from './payment-status.js';
import { type Settled, UNCHANGED } from './settled.js';

export type Paid = Extract<PaymentState, { kind: 'paid' }>;

/** Turns money that has arrived into attendees, once; or sends it back. */
export class OrderConfirmation {
  constructor(
    private readonly counters: InventoryCounters,
    private readonly ledger: Ledger,
    private readonly metrics: Metrics,
    private readonly logger: Logger,
  ) {}

  /**
   * Idempotent: however often and by whomever it is called for a payment, the order is confirmed once.
   *
   * @param em inside a transaction in which the order's row is locked
   */
  async confirmOrder(em: EntityManager, order: Order, paid: Paid): Promise<Settled> {
    if (order.status === OrderStatus.CONFIRMED || hasBeenPaid(order)) return UNCHANGED;
    const mismatch = mismatchOf(order, paid);
    if (mismatch !== undefined) return this.refuse(order, paid, mismatch);
    if (order.status === OrderStatus.PENDING) return this.confirmHeld(em, order, paid);
    return this.receiveLateMoney(em, order, paid);
  }

  /** Money on a session whose page nobody was ever given: it must not count as that of another session. */
  refuseStray(order: Order, payment: PaymentState): Settled {
    return payment.kind === 'paid' ? this.refuse(order, payment, 'stray_session') : UNCHANGED;
  }

  /** What was paid is not what the order says: a human has to look, and nobody gets in meanwhile. */
  private refuse(order: Order, paid: Paid, reason: Mismatch | 'stray_session'): Settled {
    this.metrics.paymentAlarms.inc({ reason });
    this.logger.error(
      {
        orderId: order.id,
        paid: { amount: paid.amount, currency: paid.currency, account: paid.destination },
        owed: { amount: order.totalAmount, currency: order.currency, account: order.stripeAccountId },
        paymentIntentId: paid.paymentIntentId,
        sessionId: paid.sessionId,
        reason,
      },
      'ALARM: what was paid does not fit the order; it was not confirmed',
    );
    return { outcome: 'refused', tickets: [] };
  }

  private async confirmHeld(em: EntityManager, order: Order, paid: Paid): Promise<Settled> {
    const lines = await linesOf(em, order);
    return this.confirm(em, order, paid, lines, (line) => ({
      ticketId: line.ticketId,
      held: -line.quantity,
      sold: line.quantity,
    }));
  }

  /**
   * The hold has ended. An expired order gets its inventory again if there is some; an order that
   * the buyer cancelled, or whose inventory is gone, gets its money back.
   */
  private async receiveLateMoney(em: EntityManager, order: Order, paid: Paid): Promise<Settled> {
    const lines = await linesOf(em, order);
    const rows = await this.lockTickets(em, lines);
    if (order.status === OrderStatus.EXPIRED && canBeTakenAgain(rows, lines)) {
      return this.confirm(em, order, paid, lines, (line) => ({
        ticketId: line.ticketId,
        held: 0,
        sold: line.quantity,
      }));
    }
    order.paymentStatus = PaymentStatus.PAID;
    order.paymentIntentId = paid.paymentIntentId;
    order.checkAt = null;
    await em.flush();
    await this.recordPayment(em, order, paid);
    await addJob(
      em,
      'refund-late-payment',
      { orderId: order.id },
      { jobKey: `refund-late-payment:${order.id}` },
    );
    this.logger.warn(
      { orderId: order.id, status: order.status },
      'Money arrived for an ended order; it is refunded',
    );
    return { outcome: 'applied', tickets: [] };
  }

  private async confirm(
    em: EntityManager,
    order: Order,
    paid: Paid,
    lines: readonly OrderLine[],
    changeOf: (line: OrderLine) => CounterChange,
  ): Promise<Settled> {
    order.status = OrderStatus.CONFIRMED;
    order.paymentStatus = PaymentStatus.PAID;
    order.paymentIntentId = paid.paymentIntentId;
    order.confirmedAt = new Date();
    order.endedAt = null;
    order.checkAt = null;
    createAttendees(em, order, lines);
    await em.flush();
    await addJob(em, 'send-order-confirmation', { orderId: order.id });
    await this.recordPayment(em, order, paid);
    // Last, since everybody wants the same tickets: whatever comes after this keeps all of them waiting.
    await this.lockTickets(em, lines);
    const tickets = await this.counters.change(em, lines.map(changeOf));
    return { outcome: 'applied', tickets, status: order.status };
  }

  /**
   * The whole charge is transferred to the producer's account, where the fee is then taken (a destination charge). The
   * transfer is told whose it is, also where it is soon taken back.
   */
  private async recordPayment(em: EntityManager, order: Order, paid: Paid): Promise<void> {
    if (paid.paymentIntentId === null) return;
    const movement = { sourceId: paid.paymentIntentId, occurredAt: new Date() };
    const movements: Movement[] = [
      { ...movement, kind: 'CHARGE', amount: paid.amount },
      { ...movement, kind: 'TRANSFER', amount: paid.amount },
    ];
    const fee = order.applicationFeeAmount;
    if (fee > 0) movements.push({ ...movement, kind: 'APPLICATION_FEE', amount: fee });
    await this.ledger.record(em, order, movements);
    await addJob(em, 'attribute-transfer', { orderId: order.id });
  }

  private lockTickets(em: EntityManager, lines: readonly OrderLine[]): Promise<TicketRow[]> {
    return this.counters.lock(
      em,
      lines.map((line) => line.ticketId),
    );
  }
}

function linesOf(em: EntityManager, order: Order): Promise<OrderLine[]> {
  return em.find(OrderLine, { orderId: order.id }, { orderBy: { position: 'asc' } });
}

function canBeTakenAgain(rows: readonly TicketRow[], lines: readonly OrderLine[]): boolean {
  const byId = new Map(rows.map((row) => [row.id, row]));
  return lines.every((line) => {
    const row = byId.get(line.ticketId);
    return row !== undefined && row.showStatus === 'PUBLISHED' && available(row) >= line.quantity;
  });
}
