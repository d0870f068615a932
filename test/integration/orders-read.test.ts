import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Account, type PublishedShow, type Purchase, purchase, signUp } from '../support/fixtures.js';
import { expectData, expectError, graphql } from '../support/graphql-client.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
let seller: Account;
let show: PublishedShow;
beforeAll(async () => {
  world = await startWorld({ env: { WORKER: 'off' } });
  ({ seller, show } = await world.sell({ tickets: [{ name: 'Seat' }, { name: 'Stall', price: 1_250 }] }));
});
afterAll(() => world.close());

const buy = (buyer: Account, index = 0, quantity = 1): Promise<Purchase> =>
  purchase(
    world.server,
    { showId: show.id, items: [{ ticketId: show.tickets[index]!.id, quantity }], name: 'A Buyer' },
    { token: buyer.token },
  );

interface Page {
  readonly nodes: Array<{ id: string }>;
  readonly edges: Array<{ cursor: string; node: { id: string } }>;
  readonly totalCount: number;
  readonly pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; endCursor: string | null };
}
async function orders(buyer: Account, variables: Record<string, unknown> = {}): Promise<Page> {
  const document = `query ($first: Int, $after: String) { orders(first: $first, after: $after) {
    nodes { id } edges { cursor node { id } } totalCount pageInfo { hasNextPage hasPreviousPage endCursor } } }`;
  return (await buyer.client.data<{ orders: Page }>(document, variables)).orders;
}
const ids = (page: Page) => page.nodes.map(({ id }) => id);

describe("a buyer's own orders", () => {
  it('are listed newest first, page by page, none missing and none twice', async () => {
    const buyer = await signUp(world.server);
    const made: string[] = [];
    for (let time = 0; time < 7; time += 1) made.unshift((await buy(buyer)).order.id);
    for (const first of [1, 3, 7, 100]) {
      const seen: string[] = [];
      let page = await orders(buyer, { first });
      for (;;) {
        seen.push(...ids(page));
        expect(page).toMatchObject({ totalCount: 7, pageInfo: { hasNextPage: seen.length < 7 } });
        if (!page.pageInfo.hasNextPage) break;
        page = await orders(buyer, { first, after: page.pageInfo.endCursor });
        expect(page.pageInfo.hasPreviousPage).toBe(true);
      }
      expect(seen).toEqual(made);
    }
    const whole = await orders(buyer);
    expect(whole.edges.map(({ node }) => node.id)).toEqual(made);
  });

  it('made in the same millisecond are paged by their ids', async () => {
    const buyer = await signUp(world.server);
    const made = await Promise.all([1, 2, 3, 4, 5].map(() => buy(buyer)));
    await world.database.pool.query(
      "update orders set created_at = '2030-01-01T00:00:00.123Z' where buyer_id = $1",
      [buyer.userId],
    );
    const seen: string[] = [];
    for (let after: string | null = null; ; ) {
      const page: Page = await orders(buyer, { first: 2, after });
      seen.push(...ids(page));
      after = page.pageInfo.endCursor;
      if (!page.pageInfo.hasNextPage) break;
    }
    expect(seen).toEqual(
      made
        .map(({ order }) => order.id)
        .sort()
        .reverse(),
    );
  });

  it('are not shifted by one that is made while they are paged', async () => {
    const buyer = await signUp(world.server);
    for (let time = 0; time < 4; time += 1) await buy(buyer);
    const before = ids(await orders(buyer));
    const first = await orders(buyer, { first: 2 });
    await buy(buyer);
    expect(ids(await orders(buyer, { first: 2, after: first.pageInfo.endCursor }))).toEqual(before.slice(2));
  });

  it("are not anybody else's, and an order made without an account is nobody's", async () => {
    const [buyer, other] = [await signUp(world.server), await signUp(world.server)];
    const own = await buy(buyer);
    await purchase(world.server, {
      showId: show.id,
      items: [{ ticketId: show.tickets[0]!.id, quantity: 1 }],
      email: buyer.email,
    });
    expect(ids(await orders(buyer))).toEqual([own.order.id]);
    expect(await orders(other)).toMatchObject({ nodes: [], totalCount: 0 });
    expect(await orders(seller)).toMatchObject({ nodes: [], totalCount: 0 });
  });

  it('are not shown to nobody', async () => {
    expectError(await graphql(world.server, '{ orders { totalCount } }'), 'UNAUTHENTICATED');
  });

  it('are not found with the cursor of shows, and shows not with theirs', async () => {
    const buyer = await signUp(world.server);
    await buy(buyer);
    const { endCursor } = (await orders(buyer)).pageInfo;
    const document = 'query ($after: String) { shows(after: $after) { edges { cursor } } }';
    expectError(await graphql(world.server, document, { after: endCursor }), 'BAD_USER_INPUT');
    const shows = await graphql<{ shows: { edges: Array<{ cursor: string }> } }>(world.server, document);
    const { cursor } = expectData(shows).shows.edges[0]!;
    const after = 'query ($after: String) { orders(after: $after) { totalCount } }';
    expectError(await buyer.client.call(after, { after: cursor }), 'BAD_USER_INPUT');
  });
});

describe('an order', () => {
  const WHOLE = `query ($id: ID!) { order(id: $id) {
    reference status paymentStatus email createdAt expiresAt confirmedAt checkoutUrl total { amount currency }
    show { id title producer { name } }
    lines { quantity unitPrice { amount currency } ticket { id name } attendees { id } }
    attendees { id name email status code checkedInAt ticket { id } }
  } }`;
  interface Whole {
    readonly createdAt: string;
    readonly expiresAt: string;
    readonly lines: Array<{ attendees: Array<{ id: string }> }>;
    readonly attendees: Array<{ id: string; code: string }>;
  }
  const read = async (reader: Account, { order }: Purchase) =>
    (await reader.client.data<{ order: Whole }>(WHOLE, { id: order.id })).order;

  it('that is free tells all about itself, to its buyer and its seller alike', async () => {
    const buyer = await signUp(world.server);
    const bought = await buy(buyer, 0, 2);
    const order = await read(buyer, bought);
    const ticket = { id: show.tickets[0]!.id };
    expect(order).toMatchObject({
      reference: expect.stringMatching(/^[0-9A-HJKMNP-TV-Z]{8}$/),
      status: 'CONFIRMED',
      paymentStatus: 'NOT_REQUIRED',
      expiresAt: null,
      confirmedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      checkoutUrl: null,
      total: { amount: 0, currency: 'USD' },
      show: { id: show.id, title: 'A Show', producer: { name: 'A Producer' } },
      lines: [
        { quantity: 2, unitPrice: { amount: 0, currency: 'USD' }, ticket: { ...ticket, name: 'Seat' } },
      ],
    });
    expect(order.attendees).toHaveLength(2);
    for (const attendee of order.attendees) {
      expect(attendee).toMatchObject({ name: 'A Buyer', status: 'VALID', checkedInAt: null, ticket });
      expect(attendee.code).toMatch(/^[0-9A-HJKMNP-TV-Z]{24}$/);
    }
    expect(order.lines[0]!.attendees.map(({ id }) => id)).toEqual(order.attendees.map(({ id }) => id));
    expect(await read(seller, bought)).toEqual(order);
  });

  it('that waits for its money tells until when, and where to pay', async () => {
    const buyer = await signUp(world.server);
    const bought = await buy(buyer, 1, 2);
    const order = await read(buyer, bought);
    expect(order).toMatchObject({
      status: 'PENDING',
      paymentStatus: 'UNPAID',
      confirmedAt: null,
      checkoutUrl: bought.checkoutUrl,
      total: { amount: 2_500, currency: 'USD' },
      attendees: [],
    });
    expect(Date.parse(order.expiresAt) - Date.parse(order.createdAt)).toBe(15 * 60_000);
  });

  it('that does not exist is null', async () => {
    expect(
      await seller.client.data('query ($id: ID!) { order(id: $id) { id } }', { id: randomUUID() }),
    ).toEqual({
      order: null,
    });
  });
});
