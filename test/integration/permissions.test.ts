import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buildSchema } from 'graphql';
import {
  type Account,
  createPublishedShow,
  type PublishedShow,
  purchase,
  signUp,
} from '../support/fixtures.js';
import { operate } from '../support/operate.js';
import { OPERATIONS } from '../support/operations.js';
import { signUpOperator } from '../support/operators.js';
import { settlesAs } from '../support/order-life.js';
import { traces } from '../support/row-counts.js';
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
};
const ROWS = [
  ...[...accountRows(cast), ...catalogueRows(cast), ...orderRows(cast), ...refundRows(cast)],
  ...operatorRows(),
];

describe('who may do what', () => {
  for (const row of ROWS) {
    it.each(ROLES)(`${row.operation} of ${row.of}: %s`, async (role) => {
      const variables = await row.variables();
      const expected = row.outcome[role];
      const before = await traces(world);
      const answer = await operate(world.server, row.operation, variables, accounts[role]?.token);
      if (typeof expected === 'string') {
        expect(answer.errors).toMatchObject([{ extensions: { code: expected } }]);
        expect(await traces(world)).toEqual(before);
        return;
      }
      expect(answer.errors).toEqual([]);
      const [field = ''] = row.operation.split('.').slice(1);
      if (expected === null) expect(answer.data).toEqual({ [field]: null });
      else expect(answer.data).toMatchObject({ [field]: expected });
    });
  }
});

describe('the table above', () => {
  it('has a row for every operation of the schema', () => {
    const schema = buildSchema(readFileSync('schema.graphql', 'utf8'));
    const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
    const operations = roots.flatMap((root) =>
      Object.keys(root!.getFields()).map((field) => `${root!.name}.${field}`),
    );
    expect([...new Set(ROWS.map((row) => row.operation))].sort()).toEqual(operations.sort());
    expect(Object.keys(OPERATIONS).sort()).toEqual(operations);
  });
});
