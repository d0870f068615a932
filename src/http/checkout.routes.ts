import type { FastifyInstance } from 'fastify';
import { isAppError } from '../errors.js';
import type { Order } from '../orders/entities.js';
import { checkoutPage } from './checkout-page.js';
import { PAGE_POLICY } from './security-headers.js';

export type CompleteCheckout = (clientAddress: string, sessionId: string) => Promise<Order>;

interface Query {
  session_id?: string;
  order?: string;
}

const PAGE = { 'content-security-policy': PAGE_POLICY };

/** Where Stripe sends buyers whose shop named no pages of its own. */
export function checkoutRoutes(server: FastifyInstance, completeCheckout: CompleteCheckout): void {
  server.get<{ Querystring: Query }>('/checkout/success', async (request, reply) => {
    void reply.type('text/html; charset=utf-8').headers({ ...PAGE, 'cache-control': 'no-store' });
    try {
      const order = await completeCheckout(request.ip, String(request.query.session_id ?? ''));
      return reply.send(pageOf(order));
    } catch (error) {
      if (!isAppError(error)) throw error;
      if (NOT_NOW.has(error.code)) {
        const status = error.code === 'RATE_LIMITED' ? 429 : 503;
        return reply.code(status).header('retry-after', '5').send(checkoutPage(STILL_ASKING));
      }
      if (!OF_NO_ORDER.has(error.code)) throw error;
      return reply
        .code(404)
        .send(checkoutPage({ title: 'Order not found', text: 'This link belongs to no order.' }));
    }
  });

  server.get<{ Querystring: Query }>('/checkout/cancel', async (request, reply) => {
    const reference = String(request.query.order ?? '');
    return reply
      .type('text/html; charset=utf-8')
      .headers(PAGE)
      .send(
        checkoutPage({
          title: 'Not paid',
          text: 'Nothing was charged. Your tickets are held a little longer: go back to pay, or let the order run out.',
          ...(/^[0-9A-Z]{6,12}$/.test(reference) && { reference }),
        }),
      );
  });
}

/** Whoever has paid must not be told that there is no such order. */
const NOT_NOW: ReadonlySet<string> = new Set([
  'PAYMENT_PROVIDER_UNAVAILABLE',
  'INVENTORY_BUSY',
  'RATE_LIMITED',
]);
const OF_NO_ORDER: ReadonlySet<string> = new Set(['NOT_FOUND', 'BAD_USER_INPUT']);

const STILL_ASKING = {
  title: 'One moment',
  text: 'Your payment is still being looked up. This page asks again by itself; your order is safe.',
  refreshSeconds: 5,
};

function pageOf(order: Order) {
  const { reference } = order;
  if (order.status === 'CONFIRMED') {
    const text = `Your tickets are on their way to ${order.email}.`;
    return checkoutPage({ title: 'Thank you, your order is confirmed', text, reference });
  }
  if (order.paymentStatus === 'PROCESSING') {
    const text =
      'Your bank is still deciding. Your tickets are held until it has; once it is paid, they come by mail.';
    return checkoutPage({ title: 'Payment under way', text, reference, refreshSeconds: 10 });
  }
  if (order.status === 'PENDING') {
    const text = 'Nothing has been paid yet.';
    return checkoutPage({ title: 'Not paid yet', text, reference });
  }
  const moneyArrived = order.paymentStatus === 'PAID' || order.paymentStatus === 'REFUNDED';
  const text = moneyArrived
    ? 'What was paid has been or will be sent back to you.'
    : 'Nothing was charged, and the tickets were given back.';
  return checkoutPage({ title: 'This order has ended', text, reference });
}
