import DataLoader from 'dataloader';
import type { RequestContext } from '../graphql/context.js';
import type { MoneyTotal, Payment } from './figures.js';
import {
  type RecordedSales,
  readBalances,
  readPayments,
  readSales,
  type SalesWindow,
} from './ledger-reader.js';

/** One statement of each, however many orders or producers there are. */
export function accountingLoaders(context: RequestContext) {
  return {
    paymentsOfOrder: new DataLoader(async (orderIds: readonly string[]): Promise<Payment[][]> => {
      const recorded = await readPayments(context.em, orderIds);
      const byOrder = Map.groupBy(recorded, (payment) => payment.orderId);
      return orderIds.map((orderId) =>
        (byOrder.get(orderId) ?? []).map(({ id, producerId, currency, amount, fee, createdAt }) => ({
          id,
          producerId,
          amount: { amount, currency },
          feeTaken: { amount: fee, currency },
          netReceived: { amount: amount - fee, currency },
          createdAt,
        })),
      );
    }),
    balanceOfProducer: new DataLoader(async (producerIds: readonly number[]): Promise<MoneyTotal[][]> => {
      const byProducer = Map.groupBy(await readBalances(context.em, producerIds), (row) => row.producerId);
      return producerIds.map((id) =>
        (byProducer.get(id) ?? []).map(({ amount, currency }) => ({ amount, currency })),
      );
    }),
    salesOfProducer: new DataLoader<SalesWindow, RecordedSales[], string>(
      (windows) => readSales(context.em, windows),
      { cacheKeyFn: ({ producerId, from, to }) => `${producerId}|${from?.getTime()}|${to?.getTime()}` },
    ),
  };
}
