import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import {
  availability,
  type PurchaseInput,
  purchase,
  type ShowOptions,
  signUp,
  tryPurchase,
} from '../support/fixtures.js';
import { expectError, graphql } from '../support/graphql-client.js';
import { OPERATIONS } from '../support/operations.js';
import { traces } from '../support/row-counts.js';
import { startWorld, type World } from '../support/world.js';

const STATUS = 'query ($id: ID!) { ticket(id: $id) { status } }';
const inMinutes = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString();

let world: World;
beforeAll(async () => {
  world = await startWorld({ env: { WORKER: 'off' } });
});
afterAll(() => world.close());

async function refused(code: string, input: PurchaseInput, token?: string) {
  const before = await traces(world);
  const failure = expectError(await tryPurchase(world.server, input, { token }), code);
  expect(await traces(world)).toEqual(before);
  return failure;
}

/** A show on sale, and the purchase of one of its first ticket. */
async function sell(options: ShowOptions) {
  const { seller, show } = await world.sell(options);
  const ticketId = show.tickets[0]!.id;
  const one: PurchaseInput = { showId: show.id, items: [{ ticketId, quantity: 1 }] };
  return { seller, show, ticketId, one };
}

/** Time passes faster than a test can wait: the instant is moved instead. */
function nudge(sql: string, ...values: unknown[]): Promise<unknown> {
  return world.database.pool.query(sql, values);
}

describe("a ticket's sales window", () => {
  it('refuses buyers before it opens and tells when it does', async () => {
    const salesStartAt = inMinutes(10);
    const { one, ticketId } = await sell({ tickets: [{ salesStartAt }] });
    const failure = await refused('TICKET_NOT_ON_SALE', one);
    expect(failure.extensions).toEqual({ code: 'TICKET_NOT_ON_SALE', ticketId, opensAt: salesStartAt });
  });

  it('is open once its start has passed', async () => {
    const salesStartAt = inMinutes(10);
    const { one, ticketId } = await sell({ tickets: [{ salesStartAt }] });
    await nudge(
      "update ticket set sales_start_at = now() - interval '1 millisecond' where id = $1",
      ticketId,
    );
    expect((await purchase(world.server, one)).order.status).toBe('CONFIRMED');
  });

  it('opens by the clock alone', async () => {
    const salesStartAt = new Date(Date.now() + 1_500).toISOString();
    const { one, ticketId, show } = await sell({ tickets: [{ salesStartAt }] });
    const isOnSale = async () => {
      const answer = await graphql<{ ticket: { status: string } }>(world.server, STATUS, { id: ticketId });
      return answer.data?.ticket.status === 'ON_SALE';
    };
    await eventually('the ticket is on sale', isOnSale);
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(salesStartAt));
    expect((await purchase(world.server, one)).order.status).toBe('CONFIRMED');
    expect(await availability(world.server, show.id)).toEqual({ [ticketId]: 99 });
  });

  it('refuses buyers after it has closed', async () => {
    const { one, ticketId } = await sell({ tickets: [{ salesEndAt: inMinutes(10) }] });
    await nudge('update ticket set sales_end_at = now() where id = $1', ticketId);
    const failure = await refused('TICKET_NOT_ON_SALE', one);
    expect(failure.extensions).toEqual({ code: 'TICKET_NOT_ON_SALE', ticketId, opensAt: null });
  });

  it('of one ticket refuses the whole order', async () => {
    const { show, one } = await sell({ tickets: [{}, { salesStartAt: inMinutes(10) }] });
    const items = [...one.items, { ticketId: show.tickets[1]!.id, quantity: 1 }];
    const failure = await refused('TICKET_NOT_ON_SALE', { ...one, items });
    expect(failure.extensions?.ticketId).toBe(show.tickets[1]!.id);
  });
});

describe('a show that is not on sale', () => {
  it('as a draft says so to its team, and is not there for anybody else', async () => {
    const { seller, one, show } = await sell({ tickets: [{}] });
    await nudge("update show set status = 'DRAFT' where id = $1", show.id);
    const failure = await refused('SHOW_NOT_ON_SALE', one, seller.token);
    expect(failure.extensions).toEqual({ code: 'SHOW_NOT_ON_SALE', status: 'DRAFT', opensAt: null });
    const stranger = await signUp(world.server);
    for (const token of [undefined, stranger.token]) {
      expect((await refused('NOT_FOUND', one, token)).message).toBe('Show not found');
    }
    await seller.client.data(OPERATIONS['Mutation.publishShow'], { id: show.id });
    expect((await purchase(world.server, one)).order.status).toBe('CONFIRMED');
  });

  it.each([
    ['cancelled', "update show set status = 'CANCELLED' where id = $1", 'CANCELLED'],
    [
      'over',
      "update show set starts_at = now() - interval '3 hours', ends_at = now() where id = $1",
      'ENDED',
    ],
    ['begun, and has no end', 'update show set starts_at = now(), ends_at = null where id = $1', 'ENDED'],
  ])('because it is %s says so', async (_what, sql, status) => {
    const { one, show } = await sell({ tickets: [{}] });
    await nudge(sql, show.id);
    expect((await refused('SHOW_NOT_ON_SALE', one)).extensions).toEqual({
      code: 'SHOW_NOT_ON_SALE',
      status,
      opensAt: null,
    });
  });

  it('is on sale while it runs, until its end', async () => {
    const { one, show } = await sell({ tickets: [{}] });
    await nudge(
      "update show set starts_at = now(), ends_at = now() + interval '2 hours' where id = $1",
      show.id,
    );
    expect((await purchase(world.server, one)).order.status).toBe('CONFIRMED');
  });
});

describe('limits per order', () => {
  it('hold for each ticket of the order, at their very edges', async () => {
    const { show } = await sell({ tickets: [{ minPerOrder: 2, maxPerOrder: 4 }] });
    const of = (quantity: number) => ({
      showId: show.id,
      items: [{ ticketId: show.tickets[0]!.id, quantity }],
    });
    for (const quantity of [1, 5]) {
      expect((await refused('LIMIT_EXCEEDED', of(quantity))).extensions).toMatchObject({ min: 2, max: 4 });
    }
    for (const quantity of [2, 4]) {
      expect((await purchase(world.server, of(quantity))).order.attendees).toHaveLength(quantity);
    }
  });

  it('are those of now, not of when the buyer looked', async () => {
    const { seller, one, ticketId } = await sell({ tickets: [{ maxPerOrder: 1 }] });
    const change = { id: ticketId, input: { minPerOrder: 2, maxPerOrder: 3 } };
    await seller.client.data(OPERATIONS['Mutation.updateTicket'], change);
    expect((await refused('LIMIT_EXCEEDED', one)).extensions).toMatchObject({ min: 2, max: 3 });
  });
});

describe('the same ticket twice in one order', () => {
  const twice = (showId: string, ticketId: string, ...quantities: number[]) => ({
    showId,
    items: quantities.map((quantity) => ({ ticketId, quantity })),
  });

  it('is one line with the sum', async () => {
    const { show, ticketId } = await sell({ tickets: [{ price: 100, quantity: 10 }] });
    const bought = await purchase(world.server, twice(show.id, ticketId, 2, 3, 1));
    expect(bought.order.lines).toHaveLength(1);
    expect(bought.order).toMatchObject({ lines: [{ quantity: 6 }], total: { amount: 600 } });
    expect(await availability(world.server, show.id)).toEqual({ [ticketId]: 4 });
  });

  it('is summed before the limits are checked', async () => {
    const { show, ticketId } = await sell({ tickets: [{ minPerOrder: 4, maxPerOrder: 5 }] });
    await refused('LIMIT_EXCEEDED', twice(show.id, ticketId, 3, 3));
    expect((await purchase(world.server, twice(show.id, ticketId, 2, 2))).order.attendees).toHaveLength(4);
  });

  it('is summed before the inventory is checked', async () => {
    const { show, ticketId } = await sell({ tickets: [{ quantity: 5 }] });
    const failure = await refused('SOLD_OUT', twice(show.id, ticketId, 3, 3));
    expect(failure.extensions?.tickets).toEqual([{ ticketId, requested: 6, available: 5 }]);
    expect((await purchase(world.server, twice(show.id, ticketId, 3, 2))).order.attendees).toHaveLength(5);
  });

  it('cannot overflow its sum', async () => {
    const { show, ticketId } = await sell({ tickets: [{ quantity: 5 }] });
    const most = Array.from({ length: 50 }, () => 2_147_483_647);
    await refused('LIMIT_EXCEEDED', twice(show.id, ticketId, ...most));
  });
});

describe('the last ticket', () => {
  it('is sold once, and whoever comes next is told what is left', async () => {
    const { one, ticketId, show } = await sell({ tickets: [{ quantity: 1 }] });
    expect((await purchase(world.server, one)).order.status).toBe('CONFIRMED');
    const failure = await refused('SOLD_OUT', one);
    expect(failure.extensions).toEqual({
      code: 'SOLD_OUT',
      tickets: [{ ticketId, requested: 1, available: 0 }],
    });
    expect(await availability(world.server, show.id)).toEqual({ [ticketId]: 0 });
  });

  it('that somebody holds is not for sale until it is given back', async () => {
    const { one } = await sell({ tickets: [{ price: 100, quantity: 1 }] });
    const { order, accessToken } = await purchase(world.server, one);
    await refused('SOLD_OUT', one);
    const { client } = await signUp(world.server);
    await client.data(OPERATIONS['Mutation.cancelOrder'], { id: order.id, accessToken });
    expect((await purchase(world.server, one)).order.status).toBe('PENDING');
  });

  it('of one kind, missing, keeps the order from having any of the others', async () => {
    const { show } = await sell({ tickets: [{ quantity: 5 }, { quantity: 1 }, { quantity: 0 }] });
    const items = show.tickets.map(({ id }) => ({ ticketId: id, quantity: 2 }));
    const failure = await refused('SOLD_OUT', { showId: show.id, items });
    expect(failure.extensions?.tickets).toEqual([
      { ticketId: show.tickets[1]!.id, requested: 2, available: 1 },
      { ticketId: show.tickets[2]!.id, requested: 2, available: 0 },
    ]);
  });
});
