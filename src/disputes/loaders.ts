import DataLoader from 'dataloader';
import type { RequestContext } from '../graphql/context.js';
import { Dispute } from './dispute.entity.js';

/** One statement, however many orders there are. */
export function disputeLoaders(context: RequestContext) {
  return {
    disputesOfOrder: new DataLoader(async (orderIds: readonly string[]) => {
      const rows = await context.em.find(
        Dispute,
        { orderId: { $in: [...orderIds] } },
        { orderBy: { createdAt: 'asc', id: 'asc' } },
      );
      const byOrder = Map.groupBy(rows, (row) => row.orderId);
      return orderIds.map((orderId) => byOrder.get(orderId) ?? []);
    }),
  };
}
