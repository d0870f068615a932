import type Stripe from 'stripe';
import type { Orm } from '../database/index.js';
import { Order } from '../orders/entities.js';
import { hasBeenPaid, type OrderEvents, type OrderLifecycle } from '../orders/index.js';
import type { RefundState, Refunds, WebhookEffect, WebhookHandler } from '../payments/index.js';
import type { RefundSettlement } from './refund-settlement.js';

const REFUND_EVENTS = ['refund.created', 'refund.updated', 'refund.failed', 'charge.refund.updated'];

/** How refunds follow the events of theirs, and of the charges that they are of. */
export class RefundWebhooks {
  constructor(
    private readonly orm: Orm,
    private readonly refunds: Refunds,
    private readonly settlement: RefundSettlement,
    private readonly lifecycle: OrderLifecycle,
    private readonly events: OrderEvents,
  ) {}

  handlers(): [string, WebhookHandler][] {
    return [
      ...REFUND_EVENTS.map((type): [string, WebhookHandler] => [
        type,
        (event) => {
          const { id, payment_intent } = event.data.object as Stripe.Refund;
          return this.changed(payment_intent, async () => [await this.refunds.retrieve(id)]);
        },
      ]),
      [
        'charge.refunded',
        (event) => {
          const { payment_intent } = event.data.object as Stripe.Charge;
          return this.changed(payment_intent, (paymentId) => this.refunds.ofPayment(paymentId));
        },
      ],
    ];
  }

  /** Refunds of what others sold on the same Stripe account are of no order. */
  private async changed(
    payment: string | Stripe.PaymentIntent | null,
    ask: (paymentId: string) => Promise<RefundState[]>,
  ): Promise<WebhookEffect | undefined> {
    const paymentId = typeof payment === 'string' ? payment : payment?.id;
    if (paymentId === undefined) return undefined;
    const order = await this.orderOf(paymentId);
    if (order === null) return undefined;
    const states = await ask(paymentId);
    return {
      apply: async (em) => {
        const outcomes: string[] = [];
        for (const state of states) outcomes.push(await this.settlement.follow(em, order.id, state));
        return outcomes.includes('applied') ? 'applied' : 'ignored';
      },
      afterCommit: () => this.events.publish(order.id),
    };
  }

  /** A refund may be heard of before its payment; the order then follows that first, as if it had been. */
  private async orderOf(paymentId: string): Promise<Order | null> {
    const known = (await this.paidBy(paymentId)) ?? (await this.namedBy(paymentId));
    if (known === null || hasBeenPaid(known)) return known;
    if (known.checkoutSessionId === null) await this.lifecycle.check(known.id);
    else await this.lifecycle.synchronize(known.id, known.checkoutSessionId);
    const now = await this.paidBy(paymentId);
    return now !== null && hasBeenPaid(now) ? now : null;
  }

  private paidBy(paymentId: string): Promise<Order | null> {
    return this.orm.em.fork().findOne(Order, { paymentIntentId: paymentId });
  }

  /** It may come to be known of its payment while Stripe is asked; one that was paid by another is not meant. */
  private async namedBy(paymentId: string): Promise<Order | null> {
    const orderId = await this.refunds.orderOf(paymentId);
    if (orderId === undefined) return null;
    const paymentIntentId = [null, paymentId];
    return this.orm.em
      .fork()
      .findOne(Order, { id: orderId, $or: paymentIntentId.map((id) => ({ paymentIntentId: id })) });
  }
}
