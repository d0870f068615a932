import { expect } from '@jest/globals';
import { type Cast, everybody, operatorOnly, ownerOnly, type Row, signedIn } from './permissions-cast.js';

const newShow = ({ show }: Cast) => ({
  producerId: show.producerId,
  title: 'New',
  timeZone: 'UTC',
  startsAt: '2090-01-01T00:00:00Z',
});
const newTicket = { name: 'Seat', price: 0, quantity: 5 };
const urls = { returnUrl: 'https://shop.example/', refreshUrl: 'https://shop.example/' };
const PRIVATE = { quantity: null, held: null, sold: null };

const withHeld = (held: unknown) => expect.arrayContaining([expect.objectContaining({ held })]);

/** What anybody may see of the catalogue, and what its owners may do with it. */
export function catalogueRows(cast: Cast): Row[] {
  return [
    {
      operation: 'Query.show',
      of: 'a public show',
      variables: () => ({ id: cast.show.id }),
      outcome: ownerOnly(
        {
          tickets: withHeld(expect.any(Number)),
          producer: { balance: expect.any(Array), sales: expect.any(Array) },
        },
        { tickets: withHeld(null), producer: { balance: null, sales: null } },
      ),
    },
    {
      operation: 'Query.show',
      of: 'a draft',
      variables: async () => ({ id: (await cast.draft()).showId }),
      outcome: ownerOnly({ status: 'DRAFT' }, null),
    },
    {
      operation: 'Query.ticket',
      of: 'a public show',
      variables: () => ({ id: cast.ticketId() }),
      outcome: ownerOnly({ quantity: 1_000 }, PRIVATE),
    },
    {
      operation: 'Query.ticket',
      of: 'a draft',
      variables: async () => ({ id: (await cast.draft()).ticketId }),
      outcome: ownerOnly({ quantity: 5 }, null),
    },
    {
      operation: 'Query.shows',
      of: 'a producer with drafts',
      variables: async () => {
        await cast.draft();
        return { filter: { producerId: cast.show.producerId, search: 'New' } };
      },
      outcome: ownerOnly(
        {
          totalCount: expect.any(Number),
          nodes: expect.arrayContaining([expect.objectContaining({ title: 'New' })]),
        },
        { nodes: [], totalCount: 0 },
      ),
    },
    {
      operation: 'Mutation.createProducer',
      of: 'themselves',
      variables: () => ({ input: { name: 'Mine' } }),
      outcome: signedIn({ name: 'Mine' }),
    },
    {
      operation: 'Mutation.connectStripeAccount',
      of: 'the owner',
      variables: () => ({ producerId: cast.show.producerId, ...urls }),
      outcome: ownerOnly({ url: expect.any(String) }, 'FORBIDDEN', 'UNAUTHENTICATED'),
    },
    {
      operation: 'Mutation.setPlatformFee',
      of: 'the owner',
      variables: () => ({ producerId: cast.show.producerId, percent: 0 }),
      outcome: operatorOnly({ percent: 0, isOwn: true }),
    },
    {
      operation: 'Mutation.createShow',
      of: 'the owner',
      variables: () => ({ input: newShow(cast) }),
      outcome: ownerOnly({ status: 'DRAFT' }, 'FORBIDDEN', 'UNAUTHENTICATED'),
    },
    {
      operation: 'Mutation.publishShow',
      of: 'a draft',
      variables: async () => ({ id: (await cast.draft()).showId }),
      outcome: ownerOnly({ status: 'PUBLISHED' }, 'NOT_FOUND', 'UNAUTHENTICATED'),
    },
    {
      operation: 'Mutation.publishShow',
      of: 'a public show',
      variables: () => ({ id: cast.show.id }),
      outcome: ownerOnly({ status: 'PUBLISHED' }, 'FORBIDDEN', 'UNAUTHENTICATED'),
    },
    {
      operation: 'Mutation.createTicket',
      of: 'a public show',
      variables: () => ({ showId: cast.show.id, input: newTicket }),
      outcome: ownerOnly({ quantity: 5 }, 'FORBIDDEN', 'UNAUTHENTICATED'),
    },
    {
      operation: 'Mutation.createTicket',
      of: 'a draft',
      variables: async () => ({ showId: (await cast.draft()).showId, input: newTicket }),
      outcome: ownerOnly({ quantity: 5 }, 'NOT_FOUND', 'UNAUTHENTICATED'),
    },
    {
      operation: 'Mutation.updateTicket',
      of: 'a public show',
      variables: () => ({ id: cast.ticketId(), input: { price: 500 } }),
      outcome: ownerOnly({ price: { amount: 500 } }, 'FORBIDDEN', 'UNAUTHENTICATED'),
    },
    {
      operation: 'Mutation.updateTicket',
      of: 'a draft',
      variables: async () => ({ id: (await cast.draft()).ticketId, input: { quantity: 6 } }),
      outcome: ownerOnly({ quantity: 6 }, 'NOT_FOUND', 'UNAUTHENTICATED'),
    },
    {
      operation: 'Subscription.inventoryChanged',
      of: 'a public show',
      variables: () => ({ showId: cast.show.id }),
      outcome: everybody({ showId: expect.any(String) }),
    },
    {
      operation: 'Subscription.inventoryChanged',
      of: 'a draft',
      variables: async () => ({ showId: (await cast.draft()).showId }),
      outcome: ownerOnly({ tickets: [{ available: 5 }] }, 'NOT_FOUND'),
    },
  ];
}
