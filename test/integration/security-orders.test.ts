import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type Account,
  type PublishedShow,
  type Purchase,
  purchase,
  readOrder,
  signUp,
} from '../support/fixtures.js';
import { expectError, graphql } from '../support/graphql-client.js';
import { operate } from '../support/operate.js';
import { OPERATIONS } from '../support/operations.js';
import { traces } from '../support/row-counts.js';
import { sessionIn } from '../support/stripe.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
let seller: Account;
let show: PublishedShow;
let buyer: Account;
/** Made by the buyer while signed in. */
let own: Purchase;
/** Made by nobody in particular, with the buyer's address. */
let anonymous: Purchase;

beforeAll(async () => {
  world = await startWorld({ env: { WORKER: 'off' } });
  ({ seller, show } = await world.sell({ tickets: [{ price: 1_000 }] }));
  buyer = await signUp(world.server);
  const input = {
    showId: show.id,
    items: [{ ticketId: show.tickets[0]!.id, quantity: 1 }],
    email: buyer.email,
  };
  own = await purchase(world.server, input, { token: buyer.token });
  anonymous = await purchase(world.server, input);
});
afterAll(() => world.close());

/** Everything that can be asked of an order by its id. */
const ASKED = ['Query.order', 'Mutation.cancelOrder', 'Subscription.orderUpdated'] as const;

/** Whoever is not the order's buyer, of its producer's team, or the bearer of its token. */
async function strangers(): Promise<Array<{ who: string; token?: string; accessToken?: string | null }>> {
  const other = await world.sell({ tickets: [{}] });
  const otherBuyer = await signUp(world.server);
  const items = [{ ticketId: show.tickets[0]!.id, quantity: 1 }];
  const theirs = await purchase(world.server, { showId: show.id, items }, { token: otherBuyer.token });
  return [
    { who: 'another buyer of the same show', token: otherBuyer.token },
    { who: 'the seller of another show', token: other.seller.token },
    { who: "the bearer of another order's token", accessToken: theirs.accessToken },
    {
      who: 'another buyer with the token of their own order',
      token: otherBuyer.token,
      accessToken: theirs.accessToken,
    },
    { who: 'a guesser', accessToken: randomUUID() },
    { who: 'a guesser with an almost right token', accessToken: `${own.accessToken.slice(0, -1)}!` },
    { who: 'a guesser with a token too long', accessToken: `${own.accessToken}A` },
    { who: 'a guesser with NUL', accessToken: '\u0000' },
    { who: 'a guesser with 10 kB', accessToken: 'A'.repeat(10_000) },
    { who: "the bearer of the order's own id", accessToken: own.order.id },
    { who: 'a signed-in user who sends null', token: otherBuyer.token, accessToken: null },
  ];
}

describe("another person's order", () => {
  it.each(ASKED)('is not there for %s, and nothing happens to it', async (operation) => {
    for (const { who, token, accessToken } of await strangers()) {
      const before = await traces(world);
      const answer = await operate(world.server, operation, { id: own.order.id, accessToken }, token);
      expect({ who, text: JSON.stringify(answer) }).toEqual({
        who,
        text: expect.not.stringContaining(buyer.email),
      });
      if (operation === 'Query.order') {
        expect({ who, answer }).toMatchObject({ who, answer: { data: { order: null }, errors: [] } });
      } else {
        const failure = { message: 'Order not found', extensions: { code: 'NOT_FOUND' } };
        expect({ who, errors: answer.errors }).toMatchObject({ who, errors: [failure] });
      }
      expect(await traces(world)).toEqual(before);
    }
    expect(await readOrder(world.server, own)).toMatchObject({ status: 'PENDING', paymentStatus: 'UNPAID' });
  });

  it('is told apart from one that does not exist by nothing', async () => {
    const { token } = await signUp(world.server);
    for (const operation of ASKED) {
      const [existing, missing] = await Promise.all(
        [own.order.id, randomUUID()].map((id) => operate(world.server, operation, { id }, token)),
      );
      expect(comparable(existing)).toEqual(comparable(missing));
    }
  });

  it.each(ASKED)('is not there for nobody at all, who has no token (%s)', async (operation) => {
    const answer = await operate(world.server, operation, { id: own.order.id });
    if (operation === 'Query.order') expect(answer).toMatchObject({ data: { order: null }, errors: [] });
    else expect(answer.errors[0]?.extensions?.code).toMatch(/^(UNAUTHENTICATED|NOT_FOUND)$/);
  });

  it('is not readable by whoever has an account with the same address', async () => {
    for (const operation of ASKED) {
      const answer = await operate(world.server, operation, { id: anonymous.order.id }, buyer.token);
      expect(JSON.stringify(answer)).not.toContain(anonymous.order.reference);
      expect(answer.data?.order ?? null).toBeNull();
    }
    const listed = await operate(world.server, 'Query.orders', {}, buyer.token);
    expect(listed.errors).toEqual([]);
    expect(listed.data).toEqual({ orders: { nodes: [{ id: own.order.id }], totalCount: 1 } });
    expect(await readOrder(world.server, anonymous)).toMatchObject({ status: 'PENDING' });
  });

  it('is not listed for its seller as if the seller had bought it', async () => {
    const listed = await operate(world.server, 'Query.orders', {}, seller.token);
    expect(listed.errors).toEqual([]);
    expect(listed.data).toEqual({ orders: { nodes: [], totalCount: 0 } });
  });

  it('is not told by a subscription that comes by HTTP, where nothing would check who may have it', async () => {
    for (const [name, variables] of [
      ['Subscription.orderUpdated', { id: own.order.id, accessToken: own.accessToken }],
      ['Subscription.inventoryChanged', { showId: show.id }],
    ] as const) {
      const answer = await graphql(world.server, OPERATIONS[name], variables, { token: buyer.token });
      const failure = expectError(answer, 'BAD_USER_INPUT');
      expect(failure.message).toBe('Subscriptions need a WebSocket; open one on the same path');
      expect(answer).toMatchObject({ data: undefined });
    }
  });

  it('is not completed with a session that is not its own', async () => {
    const sessionId = sessionIn(own.checkoutUrl);
    const guesses = [
      `${sessionId}x`,
      sessionId.slice(0, -1),
      sessionId.toUpperCase().replace('CS_', 'cs_'),
      'cs_test_1',
    ];
    for (const guess of guesses) {
      const answer = await operate(
        world.server,
        'Mutation.completeCheckout',
        { sessionId: guess },
        buyer.token,
      );
      expect(answer.errors).toMatchObject([
        { message: 'Order not found', extensions: { code: 'NOT_FOUND' } },
      ]);
    }
  });
});

describe('an order', () => {
  it('is read by its buyer, by the team of its producer, and with its token', async () => {
    for (const [token, accessToken] of [
      [buyer.token, undefined],
      [seller.token, undefined],
      [undefined, own.accessToken],
      [(await signUp(world.server)).token, own.accessToken],
    ]) {
      const variables = { id: own.order.id, accessToken };
      const answer = await operate(world.server, 'Query.order', variables, token);
      expect(answer).toMatchObject({ data: { order: { id: own.order.id, email: buyer.email } }, errors: [] });
      const watched = await operate(world.server, 'Subscription.orderUpdated', variables, token);
      expect(watched).toMatchObject({ data: { orderUpdated: { id: own.order.id } }, errors: [] });
    }
  });

  it('is read by its buyer under an id in capitals', async () => {
    const id = own.order.id.toUpperCase();
    const answer = await operate(world.server, 'Query.order', { id }, buyer.token);
    expect(answer.data).toMatchObject({ order: { id: own.order.id } });
  });

  it('is completed by whoever comes back from its Checkout page', async () => {
    const { token } = await signUp(world.server);
    const variables = { sessionId: sessionIn(own.checkoutUrl) };
    const answer = await operate(world.server, 'Mutation.completeCheckout', variables, token);
    expect(answer).toMatchObject({
      data: { completeCheckout: { id: own.order.id, status: 'PENDING' } },
      errors: [],
    });
  });

  it('is cancelled by each of those who may read it', async () => {
    const items = [{ ticketId: show.tickets[0]!.id, quantity: 1 }];
    const ways = [
      () => ({ token: buyer.token }),
      () => ({ token: seller.token }),
      (bought: Purchase) => ({ accessToken: bought.accessToken }),
    ];
    for (const way of ways) {
      const bought = await purchase(world.server, { showId: show.id, items }, { token: buyer.token });
      const { token, accessToken }: { token?: string; accessToken?: string } = way(bought);
      const variables = { id: bought.order.id, accessToken };
      const answer = await operate(world.server, 'Mutation.cancelOrder', variables, token);
      expect(answer).toMatchObject({ data: { cancelOrder: { status: 'CANCELLED' } }, errors: [] });
    }
  });

  it('has an access token that tells nothing and repeats for no other order', async () => {
    expect(own.accessToken).not.toContain(own.order.id);
    expect(own.accessToken.length).toBeGreaterThanOrEqual(43);
    expect(own.accessToken).not.toBe(anonymous.accessToken);
    const stored = await world.database.pool.query('select orders::text as row from orders');
    expect(JSON.stringify(stored.rows)).not.toContain(own.accessToken);
  });
});

function comparable(answer: unknown): string {
  return JSON.stringify(answer, (key, value) => (key === 'headers' ? undefined : value));
}
