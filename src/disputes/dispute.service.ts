import type { EntityManager } from '@mikro-orm/postgresql';
import type { Orm } from '../database/index.js';
import type { Logger } from '../logging.js';
import type { Metrics } from '../metrics.js';
import { Order } from '../orders/entities.js';
import { hasBeenPaid, type OrderEvents, type OrderLifecycle } from '../orders/index.js';
import type { DisputeState, Disputes, WebhookEffect } from '../payments/index.js';
import { isUuid } from '../validation/ids.js';
import type { DisputeSettlement, Followed } from './dispute-settlement.js';

/** Lets orders follow what Stripe says of their disputes, whoever noticed that there is something to follow. */
export class DisputeService {
  constructor(
    private readonly orm: Orm,
    private readonly disputes: Disputes,
    private readonly settlement: DisputeSettlement,
    private readonly lifecycle: OrderLifecycle,
    private readonly events: OrderEvents,
    private readonly metrics: Metrics,
    private readonly logger: Logger,
  ) {}

  /**
   * Asks Stripe how the dispute stands. Called outside of any transaction.
   *
   * @returns undefined where the payment is of no order: others may use the same Stripe account
   */
  async effectOf(disputeId: string): Promise<WebhookEffect | undefined> {
    const state = await this.disputes.retrieve(disputeId);
    const order = await this.orderOf(state);
    if (order === null) return undefined;
    let followed: Followed | undefined;
    return {
      apply: async (em) => {
        followed = await this.settlement.follow(em, order.id, state);
        return followed.outcome;
      },
      afterCommit: () => {
        this.events.publish(order.id);
        if (followed?.opened) this.raiseAlarm(order, state);
      },
    };
  }

  async check(disputeId: string): Promise<void> {
    const effect = await this.effectOf(disputeId);
    if (effect === undefined) throw new Error(`The payment of dispute ${disputeId} is of no order any more`);
    const outcome = await this.orm.em.fork().transactional((em) => effect.apply(em));
    if (outcome === 'applied') effect.afterCommit?.();
  }

  /** News of a dispute may come before those of the payment that it is about: these are caught up with first. */
  private async orderOf(state: DisputeState): Promise<Order | null> {
    const em = this.orm.em.fork();
    const order = await findOrder(em, state);
    if (order === null || hasBeenPaid(order)) return order;
    if (order.checkoutSessionId === null) await this.lifecycle.check(order.id);
    else await this.lifecycle.synchronize(order.id, order.checkoutSessionId);
    const now = await em.refresh(order);
    return now?.paymentIntentId == null || now.paymentIntentId === state.paymentIntentId ? now : null;
  }

  private raiseAlarm(order: Order, state: DisputeState): void {
    this.metrics.disputesOpened.inc();
    this.logger.error(
      {
        orderId: order.id,
        disputeId: state.id,
        disputed: { amount: state.amount, currency: state.currency },
        reason: state.reason,
        evidenceDueBy: state.evidenceDueBy,
      },
      'ALARM: a payment is disputed; evidence has to be handed in at Stripe',
    );
  }
}

async function findOrder(em: EntityManager, state: DisputeState): Promise<Order | null> {
  const { paymentIntentId, orderIdHint } = state;
  const byPayment = paymentIntentId === null ? null : await em.findOne(Order, { paymentIntentId });
  if (byPayment !== null || orderIdHint === undefined || !isUuid(orderIdHint)) return byPayment;
  // What was paid for it by another payment is not what this dispute is about. Since the first look it may have become
  // known of this one.
  const payments = [null, paymentIntentId].map((id) => ({ paymentIntentId: id }));
  return em.findOne(Order, { id: orderIdHint, $or: payments });
}
