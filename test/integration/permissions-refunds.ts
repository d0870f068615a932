import { randomUUID } from 'node:crypto';
import { type Cast, ownerOnly, type Row, signedIn } from './permissions-cast.js';

const inputFor = (orderId: string) => ({ input: { orderId, reason: 'OTHER' } });

/** Money that goes back, and shows that are called off: the team's alone. */
export function refundRows(cast: Cast): Row[] {
  return [
    {
      operation: 'Mutation.refundOrder',
      of: 'the buyer',
      variables: async () => inputFor(await cast.confirmed()),
      outcome: {
        ...ownerOnly({ status: 'SUCCEEDED', amount: { amount: 0 } }, 'NOT_FOUND', 'UNAUTHENTICATED'),
        buyer: 'FORBIDDEN',
      },
    },
    {
      operation: 'Mutation.refundOrder',
      of: 'nobody',
      variables: () => inputFor(randomUUID()),
      outcome: signedIn('NOT_FOUND'),
    },
    {
      operation: 'Mutation.retryRefund',
      of: 'nobody',
      variables: () => ({ id: randomUUID() }),
      outcome: signedIn('NOT_FOUND'),
    },
    {
      operation: 'Mutation.retryRefund',
      of: 'the buyer',
      variables: () => cast.refundOfBuyer(),
      outcome: { ...ownerOnly('CONFLICT', 'NOT_FOUND', 'UNAUTHENTICATED'), buyer: 'FORBIDDEN' },
    },
    {
      operation: 'Mutation.cancelShow',
      of: 'a draft',
      variables: async () => ({ id: (await cast.draft()).showId, reason: 'Rain' }),
      outcome: ownerOnly('CONFLICT', 'NOT_FOUND', 'UNAUTHENTICATED'),
    },
    {
      operation: 'Mutation.cancelShow',
      of: 'a public show',
      variables: async () => ({ id: await cast.published(), reason: 'Rain' }),
      outcome: ownerOnly(
        { status: 'CANCELLED', cancellation: { reason: 'Rain' } },
        'FORBIDDEN',
        'UNAUTHENTICATED',
      ),
    },
  ];
}
