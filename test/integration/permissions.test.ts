import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buildSchema, type GraphQLObjectType, isObjectType } from 'graphql';
import { audienceOf, FIELDS, OPERATIONS as RULES, SIGNED_IN } from '../../src/graphql/permissions.js';
import {
  type Account,
  createPublishedShow,
  type PublishedShow,
  purchase,
  signUp,
} from '../support/fixtures.js';
import type { Variables } from '../support/graphql-client.js';
import { type Outcome, operate } from '../support/operate.js';
import { OPERATIONS, type OperationName } from '../support/operations.js';
import { signUpOperator } from '../support/operators.js';
import { settlesAs } from '../support/order-life.js';
import { traces } from '../support/row-counts.js';
import { ruledFieldsIn, withRuledFields } from '../support/ruled-fields.js';
import { sessionIn } from '../support/stripe.js';
import { startWorld, type World } from '../support/world.js';
import { type Cast, ROLES, type Role } from './permissions-cast.js';
import { catalogueRows } from './permissions-catalogue.js';
import { operatorRows } from './permissions-operators.js';
import { accountRows, orderRows } from './permissions-people.js';
import { refundRows } from './permissions-refunds.js';

let world: World;
let show: PublishedShow;
let freeShow: PublishedShow;
const accounts: Partial<Record<Role, Account>> = {};
/** Of an order of the buyer's that no row is about. */
let otherToken: string;
const schema = buildSchema(readFileSync('schema.graphql', 'utf8'));
beforeAll(async () => {
  world = await startWorld({ env: { WORKER: 'off' } });
  const sold = await world.sell({ title: 'Public', tickets: [{ price: 500, quantity: 1_000 }] });
  show = sold.show;
  accounts.owner = sold.seller;
  freeShow = await createPublishedShow(world.server, accounts.owner.token, {
    producerId: show.producerId,
    tickets: [{ price: 0, quantity: 1_000 }],
  });
  accounts.otherProducer = (await world.sell({ tickets: [{}] })).seller;
  accounts.buyer = await signUp(world.server);
  accounts.operator = await signUpOperator(world);
  accounts.stranger = await signUp(world.server);
  accounts.otherBuyer = await signUp(world.server);
  await purchase(
    world.server,
    { showId: show.id, items: cast.items() },
    { token: accounts.otherBuyer.token },
  );
  otherToken = (await cast.bought()).accessToken;
});
afterAll(() => world.close());

/** Getters, since the world is not there yet when the table is made. */
const cast: Cast = {
  get show() {
    return show;
  },
  get owner() {
    return accounts.owner!;
  },
  ticketId: () => show.tickets[0]!.id,
  items: () => [{ ticketId: show.tickets[0]!.id, quantity: 1 }],
  bought: () =>
    purchase(world.server, { showId: show.id, items: cast.items() }, { token: accounts.buyer!.token }),
  orderOfBuyer: async () => ({ id: (await cast.bought()).order.id }),
  async orderWithToken() {
    const { order, accessToken } = await cast.bought();
    return { id: order.id, accessToken };
  },
  async confirmed() {
    const items = [{ ticketId: freeShow.tickets[0]!.id, quantity: 1 }];
    const { token } = accounts.buyer!;
    return (await purchase(world.server, { showId: freeShow.id, items }, { token })).order.id;
  },
  async refundOfBuyer() {
    const variables = { input: { orderId: await cast.confirmed(), reason: 'OTHER' } };
    const made = await operate(world.server, 'Mutation.refundOrder', variables, cast.owner.token);
    return { id: (made.data!.refundOrder as { id: string }).id };
  },
  async published() {
    const { showId: id } = await cast.draft();
    await operate(world.server, 'Mutation.publishShow', { id }, cast.owner.token);
    return id;
  },
  async paidOrder() {
    const bought = await cast.bought();
    await world.stripe.pay(sessionIn(bought.checkoutUrl));
    await settlesAs(world, bought.order.id, 'CONFIRMED', 'PAID');
    return { id: bought.order.id, accessToken: bought.accessToken };
  },
  async draft() {
    const { token } = cast.owner;
    const input = {
      producerId: show.producerId,
      title: 'New',
      timeZone: 'UTC',
      startsAt: '2090-01-01T00:00:00Z',
    };
    const made = await operate(world.server, 'Mutation.createShow', { input }, token);
    const { id: showId } = made.data!.createShow as { id: string };
    const variables = { showId, input: { name: 'Seat', price: 0, quantity: 5 } };
    const ticket = await operate(world.server, 'Mutation.createTicket', variables, token);
    return { showId, ticketId: (ticket.data!.createTicket as { id: string }).id };
  },
  stranger: () => signUp(world.server),
  async guest() {
    const items = [{ ticketId: freeShow.tickets[0]!.id, quantity: 1 }];
    return (await purchase(world.server, { showId: freeShow.id, items })).order.email;
  },
};
const ROWS = [
  ...[...accountRows(cast), ...catalogueRows(cast), ...orderRows(cast), ...refundRows(cast)],
  ...operatorRows(),
];

/** What of an answer is not for all has been seen by whom, as `Ticket.held owner`. */
const seen = { nothing: new Set<string>(), something: new Set<string>() };

describe('who may do what', () => {
  for (const row of ROWS) {
    it.each(ROLES)(`${row.operation} of ${row.of}: %s`, async (role) => {
      const variables = sentBy(role, row.operation, await row.variables());
      const expected = row.outcome[role];
      const before = await traces(world);
      const document = withRuledFields(schema, OPERATIONS[row.operation]);
      const answer = await operate(world.server, row.operation, variables, accounts[role]?.token, document);
      if (typeof expected === 'string') {
        expect(answer.errors).toMatchObject([{ extensions: { code: expected } }]);
        expect(await traces(world)).toEqual(before);
        return;
      }
      expect(answer.errors).toEqual([]);
      const [field = ''] = row.operation.split('.').slice(1);
      if (expected === null) expect(answer.data).toEqual({ [field]: null });
      else expect(answer.data).toMatchObject({ [field]: expected });
      await expectOnlyForItsAudience(role, document, answer.data);
    });
  }
});

function sentBy(role: Role, operation: OperationName, variables: Variables): Variables {
  const [root, field = ''] = operation.split('.');
  const { args } = (schema.getType(root!) as GraphQLObjectType).getFields()[field]!;
  const takesToken = args.some(({ name }) => name === 'accessToken');
  const sendsNone = variables.accessToken === undefined;
  return role === 'tokenHolder' && takesToken && sendsNone
    ? { ...variables, accessToken: otherToken }
    : variables;
}

/** Each field, wherever it stands in the answer, tells its audience and nobody else. */
async function expectOnlyForItsAudience(role: Role, document: string, data: Outcome['data']): Promise<void> {
  const account = accounts[role];
  const { rows } = await world.database.pool.query<{ id: string }>(
    'select producer_id::text as id from producer_member where user_id = $1',
    [account?.userId ?? null],
  );
  const teams = new Set(rows.map(({ id }) => id));
  for (const { field, place, audience, producerId, value } of ruledFieldsIn(schema, document, data)) {
    expect({ place, producerId }).toEqual({ place, producerId: expect.any(String) });
    const may = teams.has(producerId!) || (audience === 'ownersAndOperators' && role === 'operator');
    if (!may) {
      expect({ place, value }).toEqual({ place, value: null });
      seen.nothing.add(`${field} ${role}`);
    } else if (value !== null) {
      seen.something.add(field);
    }
  }
}

describe('fields that are not for all', () => {
  const ruled = Object.entries(FIELDS).flatMap(([type, rules]) =>
    Object.entries(rules)
      .filter(([audience]) => audience !== 'all')
      .flatMap(([, fields]) => fields.split(' ').map((field) => [type, field] as const)),
  );

  it('are those that it would be bad to tell', () => {
    expect(ruled.map(([type, field]) => `${type}.${field}`).sort()).toEqual(
      [
        ...['Order.disputes', 'Payment.fee', 'Payment.net', 'Producer.auditLog', 'Producer.balance'],
        ...['Producer.sales', 'Show.cancellation', 'Ticket.held', 'Ticket.quantity', 'Ticket.sold'],
      ].sort(),
    );
  });

  // Of the tests above: what no answer had in it, nothing was said about.
  it.each(ruled)('were told to their audience, and kept from everybody else: %s.%s', (type, field) => {
    const name = `${type}.${field}`;
    expect(seen.something).toContain(name);
    const mayHave: readonly Role[] =
      audienceOf(type, field) === 'ownersAndOperators' ? ['owner', 'operator'] : ['owner'];
    for (const role of ROLES.filter((one) => !mayHave.includes(one))) {
      expect(seen.nothing).toContain(`${name} ${role}`);
    }
  });
});

describe('the table of permissions', () => {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  const operations = roots.flatMap((root) =>
    Object.keys(root!.getFields()).map((field) => `${root!.name}.${field}`),
  );

  it('has a rule for every operation and every field of the schema, and no other', () => {
    expect(Object.keys(RULES).sort()).toEqual(operations.toSorted());
    const fields = Object.values(schema.getTypeMap()).flatMap((type) =>
      isObjectType(type) && !type.name.startsWith('__') && !roots.includes(type)
        ? Object.keys(type.getFields()).map((field) => `${type.name}.${field}`)
        : [],
    );
    const ruled = Object.entries(FIELDS).flatMap(([type, rules]) =>
      Object.values(rules).flatMap((names) => names.split(' ').map((name) => `${type}.${name}`)),
    );
    expect(ruled.sort()).toEqual(fields.sort());
  });

  it('is tried by a row for every operation', () => {
    expect([...new Set(ROWS.map((row) => row.operation))].sort()).toEqual(operations.toSorted());
    expect(Object.keys(OPERATIONS).sort()).toEqual(operations.toSorted());
  });

  it.each(ROWS)('says the same as the row: $operation of $of', ({ operation, outcome }) => {
    const rule = RULES[operation]!;
    const refused = ROLES.filter((role) => typeof outcome[role] === 'string');
    if (SIGNED_IN.has(rule))
      expect([outcome.nobody, outcome.tokenHolder]).toEqual(Array(2).fill('UNAUTHENTICATED'));
    const others = ROLES.filter((role) => role !== (rule === 'operators' ? 'operator' : 'owner'));
    if (rule === 'operators' || rule === 'team') expect(refused).toEqual(expect.arrayContaining(others));
  });
});
