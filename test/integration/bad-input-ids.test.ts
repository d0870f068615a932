import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buildSchema, getNamedType, isInputObjectType, isObjectType } from 'graphql';
import { type Account, uniqueEmail } from '../support/fixtures.js';
import type { Variables } from '../support/graphql-client.js';
import { operate } from '../support/operate.js';
import type { OperationName } from '../support/operations.js';
import { traces } from '../support/row-counts.js';
import type { TestServer } from '../support/server.js';
import { type SqlTap, startSqlTap } from '../support/sql-tap.js';
import { startWorld, type World } from '../support/world.js';

const LONG = 'x'.repeat(10_000);
const MALFORMED = [
  ...['not-a-uuid', '-1', '0', '1e3', '01', ' 1', '1 ', '+1', '1.0', '0x1', '1,2', '1\n', '1\u0000', '١'],
  ...['99999999999999999999', '2147483648', '', LONG, "1' or '1'='1", 'null', '{}', '\ud800', '😀'],
  ...['00000000-0000-4000-8000-00000000000', '{00000000-0000-4000-8000-000000000000}'],
];
const SOME_ORDER = '00000000-0000-4000-8000-000000000000';
const LATER = new Date(Date.now() + 86_400_000).toISOString();
const SHOW = { title: 'A Show', timeZone: 'UTC', startsAt: LATER };
const URLS = { returnUrl: 'https://shop.example/', refreshUrl: 'https://shop.example/' };

interface Case {
  readonly operation: OperationName;
  /** Where the id stands, as `extensions.field` names it. */
  readonly field: string;
  readonly variables: (id: string) => Variables;
  readonly message: (id: string) => string;
}

const show = () => 'Invalid show ID format';
const producer = () => 'Invalid producer ID format';
const order = () => 'Invalid order ID format';
const refund = () => 'Invalid refund ID format';
const naming = (what: string) => (id: string) =>
  `Invalid ${what} ID format: ${id.length > 100 ? `${id.slice(0, 100)}…` : id}`;
const ticket = naming('ticket');
const refundOf = (given: Readonly<Record<string, unknown>>) => ({
  input: { orderId: SOME_ORDER, reason: 'OTHER', ...given },
});
const purchaseOf = (showId: string, ticketId: string) => ({
  input: {
    showId,
    items: [
      { ticketId: '1', quantity: 1 },
      { ticketId, quantity: 1 },
    ],
    email: uniqueEmail(),
  },
});

const CASES: readonly Case[] = [
  { operation: 'Query.show', field: 'id', variables: (id) => ({ id }), message: show },
  { operation: 'Query.ticket', field: 'id', variables: (id) => ({ id }), message: ticket },
  { operation: 'Query.order', field: 'id', variables: (id) => ({ id }), message: order },
  { operation: 'Query.ledgerAudit', field: 'orderId', variables: (orderId) => ({ orderId }), message: order },
  {
    operation: 'Query.auditLog',
    field: 'producerId',
    variables: (producerId) => ({ producerId }),
    message: producer,
  },
  {
    operation: 'Query.shows',
    field: 'filter.producerId',
    variables: (producerId) => ({ filter: { producerId } }),
    message: producer,
  },
  {
    operation: 'Mutation.connectStripeAccount',
    field: 'producerId',
    variables: (producerId) => ({ producerId, ...URLS }),
    message: producer,
  },
  {
    operation: 'Mutation.createShow',
    field: 'producerId',
    variables: (producerId) => ({ input: { producerId, ...SHOW } }),
    message: producer,
  },
  { operation: 'Mutation.publishShow', field: 'id', variables: (id) => ({ id }), message: show },
  {
    operation: 'Mutation.createTicket',
    field: 'showId',
    variables: (showId) => ({ showId, input: { name: 'Seat', price: 0, quantity: 1 } }),
    message: show,
  },
  {
    operation: 'Mutation.updateTicket',
    field: 'id',
    variables: (id) => ({ id, input: { name: 'Seat' } }),
    message: ticket,
  },
  {
    operation: 'Mutation.purchaseTickets',
    field: 'showId',
    variables: (id) => purchaseOf(id, '2'),
    message: show,
  },
  {
    operation: 'Mutation.purchaseTickets',
    field: 'items.1.ticketId',
    variables: (id) => purchaseOf('1', id),
    message: ticket,
  },
  {
    operation: 'Mutation.createCheckout',
    field: 'orderId',
    variables: (orderId) => ({ orderId }),
    message: order,
  },
  {
    operation: 'Mutation.setPlatformFee',
    field: 'producerId',
    variables: (producerId) => ({ producerId, percent: 5 }),
    message: producer,
  },
  {
    operation: 'Query.webhookEvents',
    field: 'filter.orderId',
    variables: (orderId) => ({ filter: { orderId } }),
    message: order,
  },
  {
    operation: 'Mutation.replayWebhookEvent',
    field: 'id',
    variables: (id) => ({ id }),
    message: () => 'Invalid event ID format',
  },
  { operation: 'Mutation.cancelOrder', field: 'id', variables: (id) => ({ id }), message: order },
  {
    operation: 'Mutation.refundOrder',
    field: 'orderId',
    variables: (orderId) => refundOf({ orderId }),
    message: order,
  },
  {
    operation: 'Mutation.refundOrder',
    field: 'lines.1.lineId',
    variables: (lineId) =>
      refundOf({ lines: [SOME_ORDER, lineId].map((id) => ({ lineId: id, quantity: 1 })) }),
    message: naming('order line'),
  },
  {
    operation: 'Mutation.refundOrder',
    field: 'attendeeIds.1',
    variables: (id) => refundOf({ attendeeIds: [SOME_ORDER, id] }),
    message: naming('attendee'),
  },
  { operation: 'Mutation.retryRefund', field: 'id', variables: (id) => ({ id }), message: refund },
  { operation: 'Mutation.cancelShow', field: 'id', variables: (id) => ({ id }), message: show },
  {
    operation: 'Subscription.inventoryChanged',
    field: 'showId',
    variables: (showId) => ({ showId }),
    message: show,
  },
  { operation: 'Subscription.orderUpdated', field: 'id', variables: (id) => ({ id }), message: order },
];

let world: World;
let tap: SqlTap;
let server: TestServer;
let viewer: Account;
beforeAll(async () => {
  world = await startWorld({ env: { WORKER: 'off' } });
  tap = await startSqlTap(world.database.url);
  server = await world.addServer({ databaseUrl: tap.url });
  viewer = (await world.sell({ tickets: [{ quantity: 3 }] })).seller;
});
afterAll(async () => {
  await world.close();
  await tap.close();
});

describe('a malformed id', () => {
  it.each(CASES)('is refused by $operation ($field) before any statement is sent', async (one) => {
    const before = await traces(world);
    const { statements } = await tap.during(async () => {
      for (const id of MALFORMED) {
        const answer = await operate(server, one.operation, one.variables(id), viewer.token);
        expect(answer.errors).toHaveLength(1);
        expect(answer.errors[0]).toMatchObject({
          message: one.message(id),
          extensions: { code: 'BAD_USER_INPUT', field: one.field },
        });
      }
    });
    expect(statements).toEqual([]);
    expect(await traces(world)).toEqual(before);
  });

  it.each(['', 'not-a-session', 'cs_', 'cs_test_a b', "cs_test_' or 1=1", 'cs_test_\u0000aaaa', LONG])(
    'is refused as a Checkout Session before any statement is sent: %j',
    async (sessionId) => {
      const { result, statements } = await tap.during(() =>
        operate(server, 'Mutation.completeCheckout', { sessionId }),
      );
      expect(result.errors).toMatchObject([
        {
          message: 'Invalid Checkout Session ID format',
          extensions: { code: 'BAD_USER_INPUT', field: 'sessionId' },
        },
      ]);
      expect(statements).toEqual([]);
    },
  );

  it('costs no statement where a well-formed one does', async () => {
    const { statements } = await tap.during(() => operate(server, 'Query.show', { id: '1' }));
    expect(statements.join()).toContain('from show ');
  });
});

describe('an id as a JSON number', () => {
  it('is read as its decimal digits', async () => {
    expect(await operate(server, 'Query.show', { id: 1 })).toMatchObject({ data: { show: { id: '1' } } });
    const answer = await operate(server, 'Query.show', { id: -1 });
    expect(answer.errors).toMatchObject([{ message: 'Invalid show ID format' }]);
  });

  it.each([1.5, true, { id: 1 }, ['1', '2'], null])('is refused as %j', async (id) => {
    const answer = await operate(server, 'Query.show', { id });
    expect(answer.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', field: 'id' } }]);
  });
});

describe('the table of operations above', () => {
  it('names every ID that the schema takes', () => {
    const named = new Set(CASES.map(({ operation, field }) => `${operation} ${field}`));
    expect(idsTaken()).toEqual(
      [...named].map((name) => name.replace(/\.\d+/, '').replace('filter.', '')).sort(),
    );
  });
});

/** `<Root>.<operation> <path>` for each argument and input field of type ID, without the argument's own name. */
function idsTaken(): string[] {
  const schema = buildSchema(readFileSync('schema.graphql', 'utf8'));
  const within = (type: unknown, path: string[]): string[] => {
    if (!isInputObjectType(type)) return String(type) === 'ID' ? [path.join('.')] : [];
    return Object.values(type.getFields()).flatMap((field) =>
      within(getNamedType(field.type), [...path, field.name]),
    );
  };
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  return roots
    .filter(isObjectType)
    .flatMap((root) =>
      Object.values(root.getFields()).flatMap((operation) =>
        operation.args.flatMap((argument) => {
          const type = getNamedType(argument.type);
          const paths = isInputObjectType(type) ? within(type, []) : within(type, [argument.name]);
          return paths.map((path) => `${root.name}.${operation.name} ${path}`);
        }),
      ),
    )
    .sort();
}
