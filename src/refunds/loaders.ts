import DataLoader from 'dataloader';
import type { RequestContext } from '../graphql/context.js';
import { Attendee } from '../orders/entities.js';
import { Refund, RefundReason, RefundStatus } from './refund.entity.js';
import { RefundAttendee } from './refund-attendee.entity.js';
import { ShowCancellation } from './show-cancellation.entity.js';

/** One statement per relation and level of nesting, however many rows there are. */
export function refundLoaders(context: RequestContext) {
  return {
    refundsOfOrder: new DataLoader(async (orderIds: readonly string[]) => {
      const rows = await context.em.find(
        Refund,
        { orderId: { $in: [...orderIds] } },
        { orderBy: { createdAt: 'asc', id: 'asc' } },
      );
      const byOrder = Map.groupBy(rows, (row) => row.orderId);
      return orderIds.map((orderId) => byOrder.get(orderId) ?? []);
    }),
    attendeesOfRefund: new DataLoader(async (refundIds: readonly string[]) => {
      const links = await context.em.find(RefundAttendee, { refundId: { $in: [...refundIds] } });
      const attendees = await context.em.find(
        Attendee,
        { id: { $in: links.map((link) => link.attendeeId) } },
        { orderBy: { orderLineId: 'asc', position: 'asc' } },
      );
      const refundOf = new Map(links.map((link) => [link.attendeeId, link.refundId]));
      const byRefund = Map.groupBy(attendees, (attendee) => refundOf.get(attendee.id));
      return refundIds.map((refundId) => byRefund.get(refundId) ?? []);
    }),
    cancellationOfShow: new DataLoader(async (showIds: readonly number[]) => {
      const rows = await context.em.find(ShowCancellation, { showId: { $in: [...showIds] } });
      const byShow = new Map(rows.map((row) => [row.showId, row]));
      return showIds.map((showId) => byShow.get(showId) ?? null);
    }),
    failedRefundsOfShow: new DataLoader(async (showIds: readonly number[]) => {
      const rows = await context.em.execute<{ show_id: number; failed: number }[]>(
        `select o.show_id, count(*)::int as failed from refund r join orders o on o.id = r.order_id
         where o.show_id = any (?::int[]) and r.reason = ? and r.status = ? group by o.show_id`,
        [`{${showIds.join(',')}}`, RefundReason.SHOW_CANCELLED, RefundStatus.FAILED],
      );
      const byShow = new Map(rows.map((row) => [row.show_id, row.failed]));
      return showIds.map((showId) => byShow.get(showId) ?? 0);
    }),
  };
}
