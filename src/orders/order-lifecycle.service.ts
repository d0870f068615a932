import type { EntityManager } from '@mikro-orm/postgresql';
import { AuditLogAction, recordChange } from '../accounts/index.js';
import { databaseNow, type Orm, type Turnstile } from '../database/index.js';
import { conflict } from '../errors.js';
import type { InventoryStream } from '../inventory/index.js';
import type { Logger } from '../logging.js';
import type { Metrics } from '../metrics.js';
import { type Checkout, isMissingAtStripe, type PaymentState, paymentState } from '../payments/index.js';
import { Order, OrderStatus, PaymentStatus } from './order.entity.js';
import { attemptBegunAt, type OrderCheckout, sessionEndOf } from './order-checkout.js';
import type { OrderEvents } from './order-events.js';
import type { OrderSettlement } from './order-settlement.js';
import type { Settled } from './settled.js';

const NEXT_CHECK_MS = 60_000;
/** Webhooks come in seconds; asking on our own is for those that never do. */
const LONGEST_PATIENCE_MS = 5 * 60_000;
const AFTER_ALARM_MS = 60 * 60_000;
const CLOCKS_DIFFER_MS = 60_000;

/** Everything that happens to an order after it was made. Stripe is called outside of all transactions. */
export class OrderLifecycle {
  constructor(
    private readonly orm: Orm,
    private readonly turnstile: Turnstile,
    private readonly checkout: Checkout,
    private readonly orderCheckout: OrderCheckout,
    private readonly settlement: OrderSettlement,
    private readonly inventory: InventoryStream,
    private readonly events: OrderEvents,
    private readonly metrics: Metrics,
    private readonly logger: Logger,
  ) {}

  /** Asks Stripe what became of the session, and lets the order follow. */
  async synchronize(orderId: string, sessionId: string): Promise<PaymentState> {
    const payment = paymentState(await this.checkout.retrieve(sessionId));
    await this.settle(orderId, payment);
    return payment;
  }

  async settle(orderId: string, payment: PaymentState): Promise<void> {
    await this.inTransaction(orderId, (em) => this.settlement.settle(em, orderId, payment));
  }

  /**
   * After a Checkout Session could not be made: inventory back, key free.
   *
   * @param mayExist whether a session may have come to exist all the same, which is then looked for
   */
  async abandon(order: Order, mayExist: boolean): Promise<void> {
    await this.inTransaction(order.id, async (em) => {
      const checkAt = mayExist ? later(await databaseNow(em), NEXT_CHECK_MS) : null;
      return this.settlement.abandon(em, order, checkAt);
    });
  }

  /** What has to follow the commit of a settlement. */
  announce(orderId: string, settled: Settled): void {
    if (settled.outcome !== 'applied') return;
    if (settled.status !== undefined) this.metrics.ordersSettled.inc({ status: settled.status });
    this.inventory.publish(settled.tickets);
    this.events.publish(orderId);
  }

  /**
   * Expires the session first and gives the inventory back once Stripe has said that nobody can pay
   * any more.
   *
   * @param actorId of the producer's team, where it is not the buyer who cancels
   * @throws AppError CONFLICT with `status` when the order is confirmed, ended or being paid;
   * PAYMENT_PROVIDER_UNAVAILABLE when Stripe cannot be asked, and then the hold stays
   */
  async cancel(order: Order, actorId: string | null = null): Promise<void> {
    await this.orm.em.fork().transactional((tx) => markCancelled(tx, order, actorId));
    const em = this.orm.em.fork();
    const marked = await em.findOneOrFail(Order, { id: order.id });
    if (marked.status === OrderStatus.PENDING) await this.endSession(marked, await databaseNow(em));
    const now = await this.orm.em.fork().findOneOrFail(Order, { id: order.id });
    if (now.status === OrderStatus.CANCELLED) return;
    throw conflict(conflictMessage(now), { status: now.status, paymentStatus: now.paymentStatus });
  }

  /**
   * Looks after one order whose time for it has come: lets it follow Stripe, ends a hold whose time
   * is over, and expires the session of an order that was abandoned before its buyer heard of it.
   */
  async check(orderId: string): Promise<void> {
    const em = this.orm.em.fork();
    const now = await databaseNow(em);
    const order = await em.findOneOrFail(Order, { id: orderId });
    if (order.status === OrderStatus.PENDING) {
      await this.checkPending(em, order, now);
    } else if (order.status === OrderStatus.CANCELLED && order.paymentStatus === PaymentStatus.UNPAID) {
      await this.checkStray(em, order, now);
    } else {
      await this.checkAgainAt(order, null);
    }
  }

  /** @param now by PostgreSQL's clock */
  private async checkPending(em: EntityManager, order: Order, now: Date): Promise<void> {
    const over = order.expiresAt !== null && order.expiresAt <= now;
    if (over || order.cancelRequestedAt !== null) {
      await this.checkAgainAt(order, nextCheck(order, await this.endSession(order, now), now));
      return;
    }
    const sessionId = await this.orderCheckout.findSession(em, order);
    if (sessionId !== undefined) {
      await this.checkAgainAt(order, nextCheck(order, await this.synchronize(order.id, sessionId), now));
      return;
    }
    // The process that made the order died on the way to its session: no buyer can have heard of it.
    await this.inTransaction(order.id, (tx) => this.settlement.abandon(tx, order, null));
  }

  /**
   * Sees to it that nobody can pay for an order that was given up.
   *
   * @throws AppError PAYMENT_PROVIDER_UNAVAILABLE
   */
  async endStray(em: EntityManager, order: Order): Promise<void> {
    if (order.checkAt !== null) await this.checkStray(em, order, await databaseNow(em));
  }

  private async checkStray(em: EntityManager, order: Order, now: Date): Promise<void> {
    const { checkoutAttempt } = order;
    if (!isBeyondItsSession(order, now)) {
      const sessionId = await this.orderCheckout.findSession(em, order);
      if (sessionId !== undefined)
        await this.settle(order.id, paymentState(await this.checkout.expire(sessionId)));
    }
    const stray = { id: order.id, status: OrderStatus.CANCELLED, checkoutAttempt };
    await this.orm.em.fork().nativeUpdate(Order, stray, { checkAt: null });
  }

  private async endSession(order: Order, now: Date): Promise<PaymentState> {
    const payment = await this.expiredSession(order, now);
    await this.settle(order.id, payment);
    return payment;
  }

  private async expiredSession(order: Order, now: Date): Promise<PaymentState> {
    const never = { kind: 'expired', sessionId: null, attempt: order.checkoutAttempt } as const;
    if (hasOutlivedItsSession(order, now)) return never;
    const sessionId = await this.orderCheckout.findSession(this.orm.em.fork(), order);
    if (sessionId === undefined) return never;
    try {
      return paymentState(await this.checkout.expire(sessionId));
    } catch (error) {
      if (!isMissingAtStripe(error)) throw error;
      this.metrics.paymentAlarms.inc({ reason: 'session_missing' });
      this.logger.error(
        { orderId: order.id, sessionId },
        'ALARM: Stripe does not know the session of an order',
      );
      await this.checkAgainAt(order, later(now, AFTER_ALARM_MS));
      throw conflict('The payment of this order cannot be looked up; it is held until somebody has', {
        status: order.status,
      });
    }
  }

  private async inTransaction(orderId: string, work: (em: EntityManager) => Promise<Settled>): Promise<void> {
    const settled = await this.turnstile.through(() => this.orm.em.fork().transactional(work));
    this.announce(orderId, settled);
    if (settled.outcome === 'applied') this.logger.info({ orderId }, 'An order followed its payment');
  }

  private async checkAgainAt(order: Order, checkAt: Date | null): Promise<void> {
    await this.orm.em
      .fork()
      .nativeUpdate(
        Order,
        { id: order.id, status: order.status, checkoutAttempt: order.checkoutAttempt },
        { checkAt },
      );
  }
}

/** Also an order that was given up: once its buyer has cancelled it, it is not opened again. */
async function markCancelled(em: EntityManager, order: Order, actorId: string | null): Promise<void> {
  const cancellable = { $in: [OrderStatus.PENDING, OrderStatus.CANCELLED] };
  const unmarked = { id: order.id, status: cancellable, cancelRequestedAt: null };
  const changed = await em.nativeUpdate(Order, unmarked, { cancelRequestedAt: new Date() });
  if (changed === 0 || actorId === null) return;
  await recordChange(em, {
    action: AuditLogAction.ORDER_CANCELLED,
    actorId,
    of: { showId: order.showId },
    subject: ['Order', order.id],
  });
}

/**
 * Where the session's id was lost and Stripe will not tell it again, its own end is the backstop.
 */
function hasOutlivedItsSession(order: Order, now: Date): boolean {
  return order.checkoutSessionId === null && isBeyondItsSession(order, now);
}

/** Whether nobody can pay any more, whatever Stripe was told: the session of the present attempt has ended by itself. */
function isBeyondItsSession(order: Order, now: Date): boolean {
  return now > later(sessionEndOf(order), CLOCKS_DIFFER_MS);
}

/** When to ask about an order that is still PENDING. */
function nextCheck(order: Order, payment: PaymentState, now: Date): Date {
  // Paid and yet not confirmed was refused on purpose: asking again soon only repeats the alarm.
  const age = now.getTime() - attemptBegunAt(order).getTime();
  const patience = Math.min(Math.max(age, NEXT_CHECK_MS), LONGEST_PATIENCE_MS);
  const soon = later(now, payment.kind === 'paid' ? AFTER_ALARM_MS : patience);
  const { expiresAt } = order;
  const endsSooner = payment.kind === 'open' && expiresAt !== null && expiresAt > now && expiresAt < soon;
  return endsSooner ? expiresAt : soon;
}

function later(instant: Date, milliseconds: number): Date {
  return new Date(instant.getTime() + milliseconds);
}

function conflictMessage(order: Order): string {
  switch (order.status) {
    case OrderStatus.CONFIRMED:
      return 'This order is confirmed and can no longer be cancelled';
    case OrderStatus.PENDING:
      return 'This order is being paid; it can be cancelled if the payment fails';
    default:
      return 'This order has already ended';
  }
}
