import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Account, createProducer, type PublishedShow, purchase } from '../support/fixtures.js';
import type { Variables } from '../support/graphql-client.js';
import { operate } from '../support/operate.js';
import type { OperationName } from '../support/operations.js';
import { traces } from '../support/row-counts.js';
import { startWorld, type World } from '../support/world.js';

const DAY_MS = 86_400_000;
const inDays = (days: number) => new Date(Date.now() + days * DAY_MS).toISOString();

let world: World;
let seller: Account;
let producerId: string;
let show: PublishedShow;
beforeAll(async () => {
  world = await startWorld({ env: { WORKER: 'off' } });
  ({ seller, show } = await world.sell({ tickets: [{ quantity: 20 }, { price: 100, quantity: 20 }] }));
  producerId = show.producerId;
});
afterAll(() => world.close());

/** Sends what is wrong as the owner, and holds that nothing at all has come of it. */
async function refused(operation: OperationName, variables: Variables) {
  const before = await traces(world);
  const answer = await operate(world.server, operation, variables, seller.token);
  expect(answer.errors).toHaveLength(1);
  expect(await traces(world)).toEqual(before);
  return answer.errors[0]!;
}

const newShow = (change: Variables) => ({
  input: { producerId, title: 'A Show', timeZone: 'Europe/Berlin', startsAt: inDays(3), ...change },
});
const newTicket = (change: Variables) => ({
  showId: show.id,
  input: { name: 'Seat', price: 100, quantity: 5, ...change },
});

describe('a show', () => {
  it.each([
    ['title', '', 'Title must not be empty'],
    ['title', ' \t ', 'Title must not be empty'],
    ['title', 'x'.repeat(201), 'Title must not be longer than 200 characters'],
    ['title', 'two\nlines', 'Title must not contain control characters'],
    ['description', 'x'.repeat(10_001), 'Description must not be longer than 10000 characters'],
    ['venue', 'x'.repeat(201), 'Venue must not be longer than 200 characters'],
    ['timeZone', 'Europe/Atlantis', 'Unknown time zone; use an IANA name such as Europe/Berlin'],
    ['timeZone', '+02:00', 'Unknown time zone; use an IANA name such as Europe/Berlin'],
    ['timeZone', '', 'Unknown time zone; use an IANA name such as Europe/Berlin'],
    ['startsAt', inDays(-1), 'startsAt must be in the future'],
    ['startsAt', '1970-01-01T00:00:00Z', 'startsAt must be in the future'],
    ['startsAt', '0000-01-01T00:00:00Z', 'startsAt must be in the years 0001 to 9999 in UTC'],
    ['startsAt', '9999-12-31T23:59:59-01:00', 'startsAt must be in the years 0001 to 9999 in UTC'],
    ['endsAt', inDays(2), 'endsAt must be after startsAt'],
    ['endsAt', '0001-01-01T00:00:00Z', 'endsAt must be after startsAt'],
    ['endsAt', '9999-12-31T23:59:59-01:00', 'endsAt must be in the years 0001 to 9999 in UTC'],
  ])('is refused for its %s %j', async (field, value, message) => {
    expect(await refused('Mutation.createShow', newShow({ [field]: value }))).toMatchObject({
      message,
      extensions: { code: 'BAD_USER_INPUT', field },
    });
  });

  it('is refused when it ends the instant it starts', async () => {
    const at = inDays(3);
    expect(await refused('Mutation.createShow', newShow({ startsAt: at, endsAt: at }))).toMatchObject({
      message: 'endsAt must be after startsAt',
    });
  });

  it.each([
    ...['tomorrow', '', '2040-02-30T00:00:00Z', '2040-13-01T00:00:00Z', '2040-01-01', '2040-01-01T25:00:00Z'],
    ...['2040-01-01T00:00:00', '+12040-01-01T00:00:00Z', '20400101T000000Z', 2_208_988_800, true, {}, ['x']],
  ])('is refused for the date %j', async (startsAt) => {
    expect(await refused('Mutation.createShow', newShow({ startsAt }))).toMatchObject({
      extensions: { code: 'BAD_USER_INPUT', field: 'startsAt' },
    });
  });

  it('takes an instant with an offset, and the last one that there is', async () => {
    for (const startsAt of ['2040-01-01T00:00:00+02:00', '9999-12-31T23:59:59.999Z']) {
      const answer = await operate(world.server, 'Mutation.createShow', newShow({ startsAt }), seller.token);
      expect(answer.errors).toEqual([]);
    }
  });
});

describe('a ticket', () => {
  it.each([
    ['name', '', 'Name must not be empty'],
    ['name', 'x'.repeat(201), 'Name must not be longer than 200 characters'],
    ['price', -1, 'Price must not be negative'],
    ['currency', 'usd', 'Unknown currency; use an ISO 4217 code in upper case such as USD'],
    ['currency', 'XYZ', 'Unknown currency; use an ISO 4217 code in upper case such as USD'],
    ['currency', '', 'Unknown currency; use an ISO 4217 code in upper case such as USD'],
    ['quantity', -1, 'Quantity must not be negative'],
    ['minPerOrder', 0, 'minPerOrder must be at least 1'],
    ['maxPerOrder', 0, 'maxPerOrder must be at least 1'],
    ['maxPerOrder', 1_001, 'maxPerOrder must not be greater than 1000'],
    ['minPerOrder', 11, 'maxPerOrder must not be less than minPerOrder', 'maxPerOrder'],
    ['salesEndAt', inDays(-1), 'salesEndAt must be in the future'],
    ['salesStartAt', '0000-12-31T23:59:59Z', 'salesStartAt must be in the years 0001 to 9999 in UTC'],
    ['salesEndAt', '9999-12-31T23:59:59-01:00', 'salesEndAt must be in the years 0001 to 9999 in UTC'],
  ])('is refused for its %s %j', async (field, value, message, named = field) => {
    expect(await refused('Mutation.createTicket', newTicket({ [field]: value }))).toMatchObject({
      message,
      extensions: { code: 'BAD_USER_INPUT', field: named },
    });
  });

  it.each(['price', 'quantity', 'minPerOrder', 'maxPerOrder'])(
    'is refused for a %s beyond 2^31 - 1',
    async (field) => {
      for (const value of [2 ** 31, -(2 ** 31) - 1, 1e100, 0.5, '5']) {
        for (const [operation, variables] of [
          ['Mutation.createTicket', newTicket({ [field]: value })],
          ['Mutation.updateTicket', { id: show.tickets[0]!.id, input: { [field]: value } }],
        ] as const) {
          expect(await refused(operation, variables)).toMatchObject({
            extensions: { code: 'BAD_USER_INPUT', field },
          });
        }
      }
    },
  );

  it('is refused when its sales end before they start', async () => {
    const window = { salesStartAt: inDays(2), salesEndAt: inDays(1) };
    expect(await refused('Mutation.createTicket', newTicket(window))).toMatchObject({
      message: 'salesEndAt must be after salesStartAt',
      extensions: { code: 'BAD_USER_INPUT', field: 'salesEndAt' },
    });
  });

  it.each([
    [{ name: '' }, 'name'],
    [{ name: 'x\u0000' }, 'name'],
    [{ price: -1 }, 'price'],
    [{ quantity: -1 }, 'quantity'],
    [{ minPerOrder: 0 }, 'minPerOrder'],
    [{ maxPerOrder: 1_001 }, 'maxPerOrder'],
    [{ minPerOrder: 11 }, 'maxPerOrder'],
    [{ name: 'New', salesStartAt: inDays(2), salesEndAt: inDays(1) }, 'salesEndAt'],
    [{ salesStartAt: 'soon' }, 'salesStartAt'],
    [{ salesStartAt: '0000-12-31T23:59:59Z' }, 'salesStartAt'],
    [{ salesEndAt: '9999-12-31T23:59:59-01:00' }, 'salesEndAt'],
  ])('is not changed to %j', async (input, field) => {
    expect(await refused('Mutation.updateTicket', { id: show.tickets[0]!.id, input })).toMatchObject({
      extensions: { code: 'BAD_USER_INPUT', field },
    });
  });

  it('does not lose what is held and sold when its quantity is cut', async () => {
    const [free, paid] = show.tickets;
    await purchase(world.server, { showId: show.id, items: [{ ticketId: free!.id, quantity: 3 }] });
    await purchase(world.server, { showId: show.id, items: [{ ticketId: paid!.id, quantity: 2 }] });
    for (const [id, minimum] of [
      [free!.id, 3],
      [paid!.id, 2],
    ] as const) {
      const failure = await refused('Mutation.updateTicket', {
        id,
        input: { name: 'X', quantity: minimum - 1 },
      });
      expect(failure).toMatchObject({
        message: `Quantity must not be below what is held and sold: ${minimum}`,
        extensions: { code: 'BAD_USER_INPUT', field: 'quantity', minimum },
      });
      const cut = { id, input: { quantity: minimum } };
      expect((await operate(world.server, 'Mutation.updateTicket', cut, seller.token)).errors).toEqual([]);
    }
  });
});

describe('a producer', () => {
  it('is refused without a name', async () => {
    const failure = await refused('Mutation.createProducer', { input: { name: '  ' } });
    expect(failure).toMatchObject({ message: 'Name must not be empty', extensions: { field: 'name' } });
  });

  it.each(['returnUrl', 'refreshUrl'])('is not sent to Stripe with a %s that is none', async (field) => {
    const { id } = await createProducer(world.server, seller.token);
    const urls = { returnUrl: 'https://shop.example/', refreshUrl: 'https://shop.example/' };
    const failure = await refused('Mutation.connectStripeAccount', {
      producerId: id,
      ...urls,
      [field]: 'here',
    });
    expect(failure).toMatchObject({ extensions: { code: 'BAD_USER_INPUT', field } });
  });
});

describe('what is not there', () => {
  const NONE = '2147483647';
  it.each([
    ['Mutation.publishShow', { id: NONE }, 'Show not found'],
    [
      'Mutation.createTicket',
      { showId: NONE, input: { name: 'Seat', price: 0, quantity: 1 } },
      'Show not found',
    ],
    ['Mutation.updateTicket', { id: NONE, input: {} }, `Ticket ${NONE} not found`],
    ['Mutation.createShow', { input: { ...newShow({}).input, producerId: NONE } }, 'Producer not found'],
    [
      'Mutation.connectStripeAccount',
      { producerId: NONE, returnUrl: 'https://a.example', refreshUrl: 'https://a.example' },
      'Producer not found',
    ],
    ['Mutation.cancelOrder', { id: '00000000-0000-4000-8000-000000000000' }, 'Order not found'],
    ['Mutation.completeCheckout', { sessionId: 'cs_test_unknown' }, 'Order not found'],
    ['Subscription.inventoryChanged', { showId: NONE }, 'Show not found'],
    ['Subscription.orderUpdated', { id: '00000000-0000-4000-8000-000000000000' }, 'Order not found'],
  ] as const)('%s says that it is not', async (operation, variables, message) => {
    expect(await refused(operation, variables)).toMatchObject({ message, extensions: { code: 'NOT_FOUND' } });
  });

  it.each([
    ['Query.show', { id: NONE }, { show: null }],
    ['Query.ticket', { id: NONE }, { ticket: null }],
    ['Query.order', { id: '00000000-0000-4000-8000-000000000000' }, { order: null }],
    ['Query.shows', { filter: { producerId: NONE } }, { shows: { nodes: [], totalCount: 0 } }],
  ] as const)('%s answers with nothing', async (operation, variables, data) => {
    expect(await operate(world.server, operation, variables, seller.token)).toMatchObject({
      data,
      errors: [],
    });
  });
});
