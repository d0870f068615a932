import { User } from '../accounts/entities.js';
import { ProducerMember, Show } from '../catalog/entities.js';
import type { Orm } from '../database/index.js';
import { Dispute } from '../disputes/entities.js';
import { Order } from '../orders/entities.js';
import { formatMoney } from '../validation/money.js';
import type { Mailer } from './mailer.js';

/** What producers are written of disputes. */
export class DisputeMails {
  constructor(
    private readonly orm: Orm,
    private readonly mailer: Mailer,
    private readonly publicUrl: string,
  ) {}

  /** One mail to all owners of the producer. */
  async sendNotice(disputeId: string): Promise<void> {
    const em = this.orm.em.fork();
    const dispute = await em.findOneOrFail(Dispute, { id: disputeId });
    const order = await em.findOneOrFail(Order, { id: dispute.orderId });
    const show = await em.findOneOrFail(Show, { id: order.showId });
    const owners = await em.find(ProducerMember, { producerId: show.producerId, role: 'OWNER' });
    const users = await em.find(User, { id: { $in: owners.map((owner) => owner.userId) } });
    if (users.length === 0) return;
    await this.mailer.send({
      to: users.map((user) => user.email).join(', '),
      messageId: `<dispute.${dispute.id}.${dispute.status}.${order.id}@${new URL(this.publicUrl).hostname}>`,
      subject: `Order ${order.reference} for ${show.title}: ${isInquiry(dispute) ? 'inquiry' : 'payment disputed'}`,
      text: [
        ...(isInquiry(dispute) ? inquiryText(order, dispute) : disputeText(order, dispute)),
        '',
        answer(dispute),
      ].join('\n'),
    });
  }
}

function isInquiry(dispute: Dispute): boolean {
  return dispute.status.startsWith('INQUIRY_');
}

function inquiryText(order: Order, dispute: Dispute): string[] {
  return [
    `The bank of whoever paid order ${order.reference} asks about ${amountOf(dispute)} (${dispute.reason}).`,
    '',
    'No money has moved and the tickets stay valid, but a question that is not answered may become a dispute.',
  ];
}

function disputeText(order: Order, dispute: Dispute): string[] {
  return [
    `The bank of whoever paid order ${order.reference} takes ${amountOf(dispute)} back (${dispute.reason}).`,
    '',
    'The tickets of this order admit nobody until the dispute is decided: they are valid again if it is won, and',
    'revoked if it is lost.',
  ];
}

function amountOf(dispute: Dispute): string {
  return formatMoney(dispute.disputedAmount, dispute.currency);
}

function answer({ evidenceDueBy }: Dispute): string {
  const until =
    evidenceDueBy === null ? '' : ` until ${evidenceDueBy.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  return `Evidence is handed in at Stripe${until}.`;
}
