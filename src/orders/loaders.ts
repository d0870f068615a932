import DataLoader from 'dataloader';
import type { RequestContext } from '../graphql/context.js';
import { Attendee } from './attendee.entity.js';
import { Order } from './order.entity.js';
import { OrderLine } from './order-line.entity.js';

/** One statement per relation and level of nesting, however many rows there are. */
export function orderLoaders(context: RequestContext) {
  return {
    order: new DataLoader(async (ids: readonly string[]) => {
      const rows = await context.em.find(Order, { id: { $in: [...ids] } });
      const byId = new Map(rows.map((row) => [row.id, row]));
      return ids.map((id) => byId.get(id) as Order);
    }),
    linesOfOrder: new DataLoader(async (orderIds: readonly string[]) => {
      const rows = await context.em.find(
        OrderLine,
        { orderId: { $in: [...orderIds] } },
        { orderBy: { position: 'asc' } },
      );
      const byOrder = Map.groupBy(rows, (row) => row.orderId);
      return orderIds.map((orderId) => byOrder.get(orderId) ?? []);
    }),
    attendeesOfOrder: new DataLoader(async (orderIds: readonly string[]) => {
      const rows = await context.em.find(
        Attendee,
        { orderId: { $in: [...orderIds] } },
        { orderBy: { orderLineId: 'asc', position: 'asc' } },
      );
      const byOrder = Map.groupBy(rows, (row) => row.orderId);
      return orderIds.map((orderId) => byOrder.get(orderId) ?? []);
    }),
    attendeesOfLine: new DataLoader(async (lineIds: readonly string[]) => {
      const rows = await context.em.find(
        Attendee,
        { orderLineId: { $in: [...lineIds] } },
        { orderBy: { position: 'asc' } },
      );
      const byLine = Map.groupBy(rows, (row) => row.orderLineId);
      return lineIds.map((lineId) => byLine.get(lineId) ?? []);
    }),
  };
}
