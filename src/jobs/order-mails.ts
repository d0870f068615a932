import type { EntityManager } from '@mikro-orm/postgresql';
import { Show, Ticket } from '../catalog/entities.js';
import type { Orm } from '../database/index.js';
import { Attendee, AttendeeStatus, Order, OrderLine } from '../orders/entities.js';
import { isErased } from '../privacy/index.js';
import { Refund } from '../refunds/entities.js';
import { formatMoney } from '../validation/money.js';
import type { Mail, Mailer } from './mailer.js';
import { greeting, refundNotice } from './refund-notice.js';

/** What buyers are written. */
export class OrderMails {
  constructor(
    private readonly orm: Orm,
    private readonly mailer: Mailer,
    private readonly publicUrl: string,
  ) {}

  async sendConfirmation(orderId: string): Promise<void> {
    const em = this.orm.em.fork();
    const order = await em.findOneOrFail(Order, { id: orderId });
    if (isErased(order)) return;
    const show = await em.findOneOrFail(Show, { id: order.showId });
    await this.mailer.send({
      ...this.envelope(order, 'confirmation'),
      subject: `Your tickets for ${show.title} (order ${order.reference})`,
      text: [
        `${greeting(order)}\n`,
        `your order ${order.reference} for ${show.title} is confirmed.\n`,
        whenAndWhere(show),
        '',
        ...(await ticketLines(em, order)),
        '',
        `Total: ${order.totalAmount === 0 ? 'free' : formatMoney(order.totalAmount, order.currency)}`,
        '',
        'Show one of the codes above for each person at the door.',
      ].join('\n'),
    });
  }

  async sendRefundNotice(refundId: string): Promise<void> {
    const em = this.orm.em.fork();
    const refund = await em.findOneOrFail(Refund, { id: refundId });
    const order = await em.findOneOrFail(Order, { id: refund.orderId });
    if (isErased(order)) return;
    const show = await em.findOneOrFail(Show, { id: order.showId });
    await this.mailer.send({
      ...this.envelope(order, 'refund', `.${refund.id}.${refund.attempt}`),
      ...refundNotice(refund, order, show),
    });
  }

  private envelope(order: Order, kind: string, which = ''): Pick<Mail, 'to' | 'messageId'> {
    const host = new URL(this.publicUrl).hostname;
    return { to: order.email, messageId: `<${kind}.${order.id}${which}@${host}>` };
  }
}

async function ticketLines(em: EntityManager, order: Order): Promise<string[]> {
  const lines = await em.find(OrderLine, { orderId: order.id }, { orderBy: { position: 'asc' } });
  const tickets = await em.find(Ticket, { id: { $in: lines.map((line) => line.ticketId) } });
  const attendees = await em.find(
    Attendee,
    { orderId: order.id, status: AttendeeStatus.VALID },
    { orderBy: { position: 'asc' } },
  );
  const names = new Map(tickets.map((ticket) => [ticket.id, ticket.name]));
  return lines.flatMap((line) => [
    `${line.quantity} x ${names.get(line.ticketId)}`,
    ...attendees.filter((one) => one.orderLineId === line.id).map((one) => `    ${one.code}`),
  ]);
}

function whenAndWhere(show: Show): string {
  const when = new Intl.DateTimeFormat('en', {
    dateStyle: 'full',
    timeStyle: 'short',
    timeZone: show.timeZone,
  }).format(show.startsAt);
  return `When:  ${when} (${show.timeZone})${show.venue === null ? '' : `\nWhere: ${show.venue}`}`;
}
