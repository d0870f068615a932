import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type PublishedShow, uniqueEmail } from '../support/fixtures.js';
import { type GraphQLFailure, graphql } from '../support/graphql-client.js';
import { OPERATIONS } from '../support/operations.js';
import { traces } from '../support/row-counts.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
let show: PublishedShow;
let other: PublishedShow;
beforeAll(async () => {
  world = await startWorld({ env: { WORKER: 'off' } });
  ({ show } = await world.sell({
    tickets: [
      { name: 'Seat', price: 500, quantity: 20 },
      { name: 'Group', quantity: 50, minPerOrder: 4, maxPerOrder: 12 },
      { name: 'Yacht', price: 99_999_999, quantity: 5 },
      { name: 'Place', price: 50_000_000, quantity: 5 },
    ],
  }));
  ({ show: other } = await world.sell({ tickets: [{ name: 'Elsewhere' }] }));
});
afterAll(() => world.close());

const ticket = (index: number): string => show.tickets[index]!.id;
const seats = (quantity: number) => [{ ticketId: ticket(0), quantity }];

/** Sends what is wrong, and holds that nothing at all has come of it. */
async function refused(input: Record<string, unknown>): Promise<GraphQLFailure> {
  const before = await traces(world);
  const whole = { showId: show.id, items: seats(1), email: uniqueEmail(), ...input };
  const answer = await graphql(world.server, OPERATIONS['Mutation.purchaseTickets'], { input: whole });
  expect(answer.errors).toHaveLength(1);
  expect(answer.data ?? null).toBeNull();
  expect(await traces(world)).toEqual(before);
  return answer.errors[0]!;
}

describe('a purchase of something that is not there', () => {
  it('is refused for an unknown show', async () => {
    expect(await refused({ showId: '2147483647' })).toMatchObject({
      message: 'Show not found',
      extensions: { code: 'NOT_FOUND' },
    });
  });

  it.each([
    ['an unknown ticket', () => '2147483647'],
    ['a ticket of another show', () => other.tickets[0]!.id],
  ])('is refused for %s', async (_what, id) => {
    const ticketId = id();
    expect(await refused({ items: [...seats(1), { ticketId, quantity: 1 }] })).toMatchObject({
      message: `Ticket ${ticketId} not found`,
      extensions: { code: 'NOT_FOUND' },
    });
  });

  it('says so even where the ticket that is not of this show could not be bought anyway', async () => {
    const ticketId = other.tickets[0]!.id;
    const failure = await refused({ items: [{ ticketId, quantity: 1_000, expectedUnitPrice: 7 }] });
    expect(failure.message).toBe(`Ticket ${ticketId} not found`);
  });
});

describe('a quantity out of range', () => {
  it.each([0, -1, -2_147_483_648])('is refused as %i', async (quantity) => {
    expect(await refused({ items: [...seats(1), { ticketId: ticket(1), quantity }] })).toMatchObject({
      message: 'Quantity must be at least 1',
      extensions: { code: 'BAD_USER_INPUT', field: 'items.1.quantity' },
    });
  });

  it.each([2 ** 31, 1e300, 1.5, '2', true, null])('is refused as %j', async (quantity) => {
    expect(await refused({ items: [{ ticketId: ticket(0), quantity }] })).toMatchObject({
      extensions: { code: 'BAD_USER_INPUT', field: 'items.0.quantity' },
    });
  });

  it.each([
    [0, 11, 1, 10],
    [0, 2_147_483_647, 1, 10],
    [1, 3, 4, 12],
    [1, 13, 4, 12],
  ])('of ticket %i, %i is outside what an order may have', async (index, quantity, min, max) => {
    expect(await refused({ items: [{ ticketId: ticket(index), quantity }] })).toMatchObject({
      extensions: { code: 'LIMIT_EXCEEDED', ticketId: ticket(index), min, max },
    });
  });
});

describe('a list of items that is no order', () => {
  it('is refused when it is empty', async () => {
    expect(await refused({ items: [] })).toMatchObject({
      message: 'Choose at least one ticket',
      extensions: { code: 'BAD_USER_INPUT', field: 'items' },
    });
  });

  it.each([51, 1_000])('is refused with %i items', async (length) => {
    const items = Array.from({ length }, () => ({ ticketId: ticket(0), quantity: 1 }));
    expect(await refused({ items })).toMatchObject({
      message: 'An order may have at most 50 items',
      extensions: { code: 'BAD_USER_INPUT', field: 'items' },
    });
  });

  it('is refused when its total is more than can be paid at once', async () => {
    const yachts = (quantity: number) => ({ ticketId: ticket(2), quantity });
    const places = { ticketId: ticket(3), quantity: 2 };
    for (const items of [
      [yachts(2)],
      [yachts(1), { ticketId: ticket(0), quantity: 1 }],
      [yachts(1), places],
    ]) {
      expect(await refused({ items })).toMatchObject({
        message: 'No more than 99999999 minor units of USD can be paid at once',
        extensions: { code: 'BAD_USER_INPUT', field: 'items' },
      });
    }
  });
});

describe('a malformed e-mail address', () => {
  it.each([
    ...['', ' ', 'plain', '@example.com', 'a@', 'a@b', 'a b@example.com', 'a@exa mple.com', 'a@@example.com'],
    ...[
      'a@example..com',
      '.a@example.com',
      'a@-example.com',
      'a,b@example.com',
      'a@example.com,b@example.com',
    ],
    ...[
      'a@example.com\nBcc: b@example.com',
      'a\u0000@example.com',
      'A Buyer <a@example.com>',
      '"><script>@x.com',
    ],
    `${'a'.repeat(250)}@example.com`,
    'x'.repeat(10_000),
  ])('is refused: %j', async (email) => {
    expect(await refused({ email })).toMatchObject({
      message: 'Invalid e-mail address',
      extensions: { code: 'BAD_USER_INPUT', field: 'email' },
    });
  });
});

describe('a malformed detail', () => {
  it.each([
    ['idempotencyKey', '1234567', 'idempotencyKey must have at least 8 characters'],
    ['idempotencyKey', 'k'.repeat(201), 'idempotencyKey must not be longer than 200 characters'],
    ['successUrl', 'javascript:alert(1)', 'successUrl must be an http or https URL'],
    ['successUrl', '/thanks', 'successUrl must be an http or https URL'],
    ['cancelUrl', 'ftp://shop.example/', 'cancelUrl must be an http or https URL'],
    [
      'cancelUrl',
      `https://shop.example/${'x'.repeat(2_000)}`,
      'cancelUrl must not be longer than 2000 characters',
    ],
    ['name', '', 'Name must not be empty'],
    ['name', 'n'.repeat(201), 'Name must not be longer than 200 characters'],
  ])('%s is refused: %j', async (field, value, message) => {
    expect(await refused({ [field]: value })).toMatchObject({
      message,
      extensions: { code: 'BAD_USER_INPUT', field },
    });
  });

  it.each([-1, 2 ** 31, 1.5])('expectedUnitPrice is refused as %j', async (expectedUnitPrice) => {
    const items = [{ ticketId: ticket(0), quantity: 1, expectedUnitPrice }];
    expect(await refused({ items })).toMatchObject({
      extensions: { code: 'BAD_USER_INPUT', field: 'items.0.expectedUnitPrice' },
    });
  });

  it.each(['showId', 'items', 'email'])('%s may not be left out', async (field) => {
    const failure = await refused({ [field]: undefined });
    expect(failure).toMatchObject({ extensions: { code: 'BAD_USER_INPUT' } });
    expect(failure.message).toContain(`Field "${field}"`);
  });

  it('is refused where the schema has no such field', async () => {
    expect(await refused({ discount: 100 })).toMatchObject({ extensions: { code: 'BAD_USER_INPUT' } });
  });
});

describe('the same input without its mistake', () => {
  it('buys', async () => {
    const input = {
      showId: show.id,
      items: [{ ticketId: ticket(1), quantity: 4 }],
      email: ` ${uniqueEmail()} `,
      idempotencyKey: randomUUID(),
      successUrl: 'https://shop.example/thanks?session={CHECKOUT_SESSION_ID}',
      name: '😀 Ünïcödé',
    };
    const before = await traces(world);
    const answer = await graphql(world.server, OPERATIONS['Mutation.purchaseTickets'], { input });
    expect(answer.errors).toEqual([]);
    expect(answer.data).toMatchObject({
      purchaseTickets: { order: { status: 'CONFIRMED', email: input.email.trim() } },
    });
    expect(await traces(world)).toMatchObject({ orders: before.orders + 1, attendees: before.attendees + 4 });
  });
});
