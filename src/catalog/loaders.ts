import DataLoader from 'dataloader';
import type { RequestContext } from '../graphql/context.js';
import { Producer } from './producer.entity.js';
import { ProducerMember } from './producer-member.entity.js';
import { Show } from './show.entity.js';
import { Ticket } from './ticket.entity.js';

/** One statement per relation and level of nesting, however many rows there are. */
export function catalogLoaders(context: RequestContext) {
  return {
    producer: new DataLoader(async (ids: readonly number[]) => {
      const rows = await context.em.find(Producer, { id: { $in: [...ids] } });
      return inOrder(ids, rows, (row) => row.id);
    }),
    show: new DataLoader(async (ids: readonly number[]) => {
      const rows = await context.em.find(Show, { id: { $in: [...ids] } });
      return inOrder(ids, rows, (row) => row.id);
    }),
    ticket: new DataLoader(async (ids: readonly number[]) => {
      const rows = await context.em.find(Ticket, { id: { $in: [...ids] } });
      return inOrder(ids, rows, (row) => row.id);
    }),
    ticketsOfShow: new DataLoader(async (showIds: readonly number[]) => {
      const rows = await context.em.find(
        Ticket,
        { showId: { $in: [...showIds] } },
        { orderBy: { id: 'asc' } },
      );
      const byShow = Map.groupBy(rows, (row) => row.showId);
      return showIds.map((showId) => byShow.get(showId) ?? []);
    }),
    producersOfUser: new DataLoader(async (userIds: readonly string[]) => {
      const members = await context.em.find(
        ProducerMember,
        { userId: { $in: [...userIds] } },
        { orderBy: { producerId: 'asc' } },
      );
      const producers = await context.em.find(Producer, {
        id: { $in: members.map((row) => row.producerId) },
      });
      const byId = new Map(producers.map((producer) => [producer.id, producer]));
      return userIds.map((userId) =>
        members.filter((row) => row.userId === userId).flatMap((row) => byId.get(row.producerId) ?? []),
      );
    }),
  };
}

function inOrder<Id, Row>(ids: readonly Id[], rows: readonly Row[], idOf: (row: Row) => Id): Row[] {
  const byId = new Map(rows.map((row) => [idOf(row), row]));
  return ids.map((id) => {
    const row = byId.get(id);
    if (row === undefined) throw new Error(`A row that others refer to is missing: ${String(id)}`);
    return row;
  });
}
