import type { Show } from '../catalog/entities.js';
import type { Order } from '../orders/entities.js';
import { type Refund, RefundReason } from '../refunds/entities.js';
import { formatMoney } from '../validation/money.js';
import type { Mail } from './mailer.js';

/** What a buyer is told of money that goes back, and of tickets that are void. */
export function refundNotice(refund: Refund, order: Order, show: Show): Pick<Mail, 'subject' | 'text'> {
  const [subject, why] = subjectAndCause(refund, order, show);
  const lines = [greeting(order), '', ...why, ...(refund.note === null ? [] : ['', refund.note])];
  if (refund.refundedAmount > 0) lines.push('', ...moneyLines(refund, order));
  return { subject: `${subject} (order ${order.reference})`, text: lines.join('\n') };
}

export function greeting(order: Order): string {
  return order.name === null ? 'Hello,' : `Hello ${order.name},`;
}

function subjectAndCause(refund: Refund, order: Order, show: Show): [string, string[]] {
  switch (refund.reason) {
    case RefundReason.LATE_PAYMENT:
      return [
        `Your payment for ${show.title} was refunded`,
        [
          `your payment for order ${order.reference} arrived after the order had ended, and the tickets could`,
          'not be given to you any more.',
        ],
      ];
    case RefundReason.SHOW_CANCELLED:
      return [
        `${show.title} was called off`,
        [
          `${show.title} will not take place. The tickets of your order ${order.reference} are no longer valid.`,
        ],
      ];
    default:
      return [
        `${refund.refundedAmount === 0 ? 'Your tickets' : 'Your payment'} for ${show.title}`,
        [
          `of your order ${order.reference} for ${show.title}, tickets were taken back. Their codes are no longer`,
          'valid.',
        ],
      ];
  }
}

function moneyLines(refund: Refund, order: Order): string[] {
  const amount = formatMoney(refund.refundedAmount, refund.currency);
  const what =
    refund.refundedAmount === order.totalAmount ? `The whole amount, ${amount}, is` : `${amount} are`;
  return [`${what} being sent back. Banks need 5 to 10 days to show it.`];
}
