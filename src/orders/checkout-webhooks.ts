import type Stripe from 'stripe';
import type { Orm } from '../database/index.js';
import {
  attemptOf,
  type Checkout,
  paymentState,
  type WebhookEffect,
  type WebhookHandler,
} from '../payments/index.js';
import { Order } from './order.entity.js';
import type { OrderLifecycle } from './order-lifecycle.service.js';
import type { OrderSettlement } from './order-settlement.js';
import type { Settled } from './settled.js';

const CHECKOUT_EVENTS = [
  'checkout.session.completed',
  'checkout.session.async_payment_succeeded',
  'checkout.session.async_payment_failed',
  'checkout.session.expired',
];

/** How orders follow the events of their Checkout Sessions. */
export class CheckoutWebhooks {
  constructor(
    private readonly orm: Orm,
    private readonly checkout: Checkout,
    private readonly settlement: OrderSettlement,
    private readonly lifecycle: OrderLifecycle,
  ) {}

  handlers(): [string, WebhookHandler][] {
    return CHECKOUT_EVENTS.map((type) => [type, (event) => this.sessionChanged(event)]);
  }

  private async sessionChanged(event: Stripe.Event): Promise<WebhookEffect | undefined> {
    const hint = event.data.object as Stripe.Checkout.Session;
    const orderId = await this.orderOf(hint);
    if (orderId === undefined) return undefined;
    const session = await this.checkout.retrieve(hint.id);
    const payment = paymentState(session);
    let settled: Settled | undefined;
    return {
      apply: async (em) => {
        // The answer that named the session may have been lost; the buyer comes back with its id.
        await em.nativeUpdate(
          Order,
          { id: orderId, checkoutSessionId: null, checkoutAttempt: attemptOf(session) },
          { checkoutSessionId: hint.id },
        );
        settled = await this.settlement.settle(em, orderId, payment);
        return settled.outcome;
      },
      afterCommit: () => {
        if (settled !== undefined) this.lifecycle.announce(orderId, settled);
      },
    };
  }

  /**
   * By the session's id, or by the order's where the session was made but its answer never came.
   * Sessions of others on the same Stripe account have neither.
   */
  private async orderOf(session: Stripe.Checkout.Session): Promise<string | undefined> {
    const em = this.orm.em.fork();
    const bySession = await em.findOne(Order, { checkoutSessionId: session.id });
    if (bySession !== null) return bySession.id;
    const orderId = session.metadata?.order_id ?? '';
    if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(orderId)) return undefined;
    const byMetadata = await em.findOne(Order, { id: orderId });
    return byMetadata?.id;
  }
}
