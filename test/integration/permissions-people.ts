import { expect } from '@jest/globals';
import { PASSWORD, uniqueEmail } from '../support/fixtures.js';
import { sessionIn } from '../support/stripe.js';
import {
  buyerAndOwner,
  type Cast,
  everybody,
  operatorOnly,
  ownerOnly,
  type Row,
  signedIn,
} from './permissions-cast.js';

const credentials = () => ({ input: { email: uniqueEmail(), password: PASSWORD } });

export function orderRows(cast: Cast): Row[] {
  return [
    {
      operation: 'Query.order',
      of: 'the buyer',
      variables: () => cast.orderOfBuyer(),
      outcome: {
        ...ownerOnly({ status: 'PENDING', payments: [], disputes: [] }, null),
        buyer: { status: 'PENDING', payments: [], disputes: null },
      },
    },
    {
      operation: 'Query.order',
      of: 'the buyer, once it is paid',
      variables: () => cast.paidOrder(),
      outcome: ownerOnly(
        { payments: [{ fee: { amount: 0 }, net: { amount: 500 } }], disputes: [] },
        { payments: [{ fee: null, net: null }], disputes: null },
      ),
    },
    {
      operation: 'Query.order',
      of: 'the buyer, with its access token',
      variables: () => cast.orderWithToken(),
      outcome: everybody({ status: 'PENDING' }),
    },
    {
      operation: 'Query.orders',
      of: 'themselves',
      variables: async () => {
        await cast.bought();
        // All that the answer could have, of a page of 20, would cost more than is allowed.
        return { first: 10 };
      },
      outcome: {
        ...signedIn({ nodes: [], totalCount: 0 }),
        buyer: {
          totalCount: expect.any(Number),
          nodes: expect.arrayContaining([expect.objectContaining({ id: expect.any(String) })]),
        },
        otherBuyer: { totalCount: 1, nodes: [{ id: expect.any(String) }] },
      },
    },
    {
      operation: 'Mutation.purchaseTickets',
      of: 'a public show',
      variables: () => ({ input: { showId: cast.show.id, items: cast.items(), email: uniqueEmail() } }),
      outcome: everybody({ order: { status: 'PENDING' }, accessToken: expect.any(String) }),
    },
    {
      operation: 'Mutation.purchaseTickets',
      of: 'a draft',
      variables: async () => {
        const { showId, ticketId: id } = await cast.draft();
        return { input: { showId, items: [{ ticketId: id, quantity: 1 }], email: uniqueEmail() } };
      },
      outcome: ownerOnly('SHOW_NOT_ON_SALE', 'NOT_FOUND'),
    },
    {
      operation: 'Mutation.completeCheckout',
      of: 'the buyer, with the session of its page',
      variables: async () => ({ sessionId: sessionIn((await cast.bought()).checkoutUrl) }),
      outcome: everybody({ status: 'PENDING' }),
    },
    {
      operation: 'Mutation.completeCheckout',
      of: 'nobody',
      variables: () => ({ sessionId: 'cs_test_guessed' }),
      outcome: everybody('NOT_FOUND'),
    },
    {
      operation: 'Mutation.createCheckout',
      of: 'the buyer',
      variables: async () => ({ orderId: (await cast.bought()).order.id }),
      outcome: buyerAndOwner({ order: { status: 'PENDING' } }, 'NOT_FOUND', 'UNAUTHENTICATED'),
    },
    {
      operation: 'Mutation.createCheckout',
      of: 'the buyer, with its access token',
      variables: async () => {
        const { id: orderId, accessToken } = await cast.orderWithToken();
        return { orderId, accessToken };
      },
      outcome: everybody({ order: { status: 'PENDING' } }),
    },
    {
      operation: 'Mutation.cancelOrder',
      of: 'the buyer',
      variables: () => cast.orderOfBuyer(),
      outcome: buyerAndOwner({ status: 'CANCELLED' }, 'NOT_FOUND', 'UNAUTHENTICATED'),
    },
    {
      operation: 'Mutation.cancelOrder',
      of: 'the buyer, with its access token',
      variables: () => cast.orderWithToken(),
      outcome: everybody({ status: 'CANCELLED' }),
    },
    {
      operation: 'Subscription.orderUpdated',
      of: 'the buyer',
      variables: () => cast.orderOfBuyer(),
      outcome: buyerAndOwner({ status: 'PENDING' }, 'NOT_FOUND'),
    },
    {
      operation: 'Subscription.orderUpdated',
      of: 'the buyer, with its access token',
      variables: () => cast.orderWithToken(),
      outcome: everybody({ status: 'PENDING' }),
    },
  ];
}

export function accountRows(cast: Cast): Row[] {
  return [
    {
      operation: 'Query.viewer',
      of: 'themselves',
      variables: () => ({}),
      outcome: { ...everybody({ email: expect.any(String) }), nobody: null, tokenHolder: null },
    },
    {
      operation: 'Query.exportBuyer',
      of: 'themselves',
      variables: () => ({}),
      outcome: signedIn({ account: { id: expect.any(String) }, orders: expect.any(Array) }),
    },
    {
      operation: 'Query.exportBuyer',
      of: 'somebody else, by the e-mail address',
      variables: async () => ({ email: await cast.guest() }),
      outcome: operatorOnly({ account: null, orders: [{ status: 'CONFIRMED' }] }),
    },
    {
      operation: 'Mutation.eraseBuyer',
      of: 'somebody else, by the e-mail address',
      variables: async () => ({ email: await cast.guest() }),
      outcome: operatorOnly({ orders: 1, attendees: 1, accountErased: false }),
    },
    {
      operation: 'Mutation.eraseBuyer',
      of: 'somebody else, by the address of the account',
      variables: () => ({ email: cast.owner.email }),
      outcome: operatorOnly({ accountErased: false }),
    },
    {
      operation: 'Mutation.signUp',
      of: 'a new person',
      variables: credentials,
      outcome: everybody({ user: {} }),
    },
    {
      operation: 'Mutation.signIn',
      of: 'somebody else, with the password',
      variables: async () => ({ input: { email: (await cast.stranger()).email, password: PASSWORD } }),
      outcome: everybody({ user: {} }),
    },
    {
      operation: 'Mutation.signIn',
      of: 'somebody else, without it',
      variables: () => ({ input: { email: cast.owner.email, password: 'a guess' } }),
      outcome: everybody('UNAUTHENTICATED'),
    },
    {
      operation: 'Mutation.refreshSession',
      of: 'whoever bears the token',
      variables: async () => ({ refreshToken: (await cast.stranger()).refreshToken }),
      outcome: everybody({ user: {} }),
    },
  ];
}
