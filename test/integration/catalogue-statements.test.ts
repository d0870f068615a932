import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Account, createProducer, createPublishedShow, purchase, signUp } from '../support/fixtures.js';
import { expectData, graphql, type Variables } from '../support/graphql-client.js';
import { tryRefund } from '../support/refunds.js';
import type { TestServer } from '../support/server.js';
import { type SqlTap, startSqlTap } from '../support/sql-tap.js';
import { subscribe } from '../support/websocket-client.js';
import { startWorld, type World } from '../support/world.js';

/** Milliseconds after which what a process has in memory is too old to be told, and no longer kept fresh either. */
const COLD_MS = 1_500;
const FEW = 2;
const MANY = 20;

let world: World;
let tap: SqlTap;
let server: TestServer;
/** Owns all producers, and has bought of every show. */
let owner: Account;
let stranger: Account;

async function callOff(id: string): Promise<void> {
  const document = 'mutation ($id: ID!) { cancelShow(id: $id) { id } }';
  expectData(await graphql(world.server, document, { id }, { token: owner.token }));
}

/** As many shows, producers and orders as the longest list asks for; each with several tickets, lines and attendees. */
beforeAll(async () => {
  world = await startWorld({ env: { WORKER: 'off' } });
  tap = await startSqlTap(world.database.url);
  server = await world.addServer({ databaseUrl: tap.url });
  owner = await signUp(world.server);
  stranger = await signUp(world.server);
  for (let number = 0; number < MANY; number += 1) {
    const { id: producerId } = await createProducer(world.server, owner.token, `Producer ${number}`);
    const tickets = [{}, {}, { price: 0 }];
    const show = await createPublishedShow(world.server, owner.token, { producerId, tickets });
    const items = show.tickets.map(({ id }) => ({ ticketId: id, quantity: 2 }));
    for (const buyer of [owner, stranger]) {
      const { order } = await purchase(world.server, { showId: show.id, items }, { token: buyer.token });
      for (const { id } of order.attendees.slice(0, 2)) {
        expectData(await tryRefund(world.server, owner.token, { orderId: order.id, attendeeIds: [id] }));
      }
    }
    if (number % 2 === 1) await callOff(show.id);
  }
});
afterAll(async () => {
  await world.close();
  await tap.close();
});

/** The statements that this document costs where nothing was read lately, and how many rows its list has. */
async function cost(document: string, variables: Variables, token?: string) {
  await delay(COLD_MS);
  const { result, statements } = await tap.during(() => graphql(server, document, variables, { token }));
  expect(result.errors).toEqual([]);
  return { statements, text: JSON.stringify(result.data) };
}

const count = (text: string, part: string) => text.split(part).length - 1;

const TICKET = `id name status available quantity held sold price { amount }
  show { id status producer { id name } tickets { id status held } }`;
const SHOWS = `query ($first: Int) { shows(first: $first) { totalCount pageInfo { endCursor } nodes {
  row: __typename id status cancellation { status refundsFailed } producer { id name canAcceptPayments } tickets { ${TICKET} }
} edges { node { id producer { name } tickets { show { title } } } } } }`;
const ORDERS = `query ($first: Int) { orders(first: $first) { totalCount nodes {
  row: __typename id status total { amount } show { title producer { name } tickets { id available } }
  lines { id quantity unitPrice { amount } ticket { ${TICKET} } attendees { id code ticket { name show { title } } } }
  attendees { id ticket { id status held show { producer { name } } } }
  refunds { id status amount { amount } order { reference show { title } } attendees { id ticket { name } } }
} } }`;

describe('a nested query', () => {
  it.each([
    ['shows', 'nobody', SHOWS],
    ['shows', 'a stranger', SHOWS],
    ['shows', 'their owner', SHOWS],
    ['orders', 'a stranger', ORDERS],
    ['orders', 'their owner', ORDERS],
  ])(`of %s by %s costs as many statements for ${FEW} rows as for ${MANY}`, async (_list, who, document) => {
    const token = { nobody: undefined, 'a stranger': stranger.token, 'their owner': owner.token }[who];
    const few = await cost(document, { first: FEW }, token);
    const many = await cost(document, { first: MANY }, token);
    expect(count(few.text, '"row":')).toBe(FEW);
    expect(count(many.text, '"row":')).toBe(MANY);
    expect(shapesOf(many.statements)).toEqual(shapesOf(few.statements));
    expect(few.statements.length).toBeGreaterThan(2);
  });

  it("of the viewer's producers costs one statement for each kind of thing", async () => {
    const { statements, text } = await cost('{ viewer { id producers { id name } } }', {}, owner.token);
    expect(count(text, '"name"')).toBe(MANY);
    expect(statements).toHaveLength(3);
  });

  it('of one public show costs one statement', async () => {
    const document =
      'query ($id: ID!) { show(id: $id) { producer { name } tickets { name show { title } } } }';
    const { statements } = await cost(document, { id: 1 });
    expect(statements).toHaveLength(1);
  });

  it.each([
    ['nobody', 0],
    ['a stranger', 1],
  ])('of public shows by %s costs %i statements where they were read lately', async (who, membership) => {
    const token = who === 'nobody' ? undefined : stranger.token;
    const ask = () => graphql(server, SHOWS, { first: MANY }, { token });
    await ask();
    const { statements } = await tap.during(async () => expect((await ask()).errors).toEqual([]));
    expect(statements.filter((statement) => !isVerification(statement))).toHaveLength(membership);
  });

  it('does not count what is not asked for', async () => {
    const without = await cost('query ($first: Int) { shows(first: $first) { nodes { id } } }', {
      first: FEW,
    });
    expect(without.statements).toHaveLength(2);
    expect(without.statements[0]).toContain('limit 3');
    expect(without.statements.join()).not.toContain('count(');
  });
});

describe('what a subscription tells', () => {
  it('costs as many statements for one attendee as for many', async () => {
    const document = `subscription ($id: ID!) { orderUpdated(id: $id) {
      lines { ticket { show { title } } attendees { ticket { name } } } attendees { ticket { name } } } }`;
    const costs = [];
    for (const quantity of [1, 10]) {
      const [ticket] = (
        await graphql<{ show: { tickets: Array<{ id: string }> } }>(
          server,
          '{ show(id: 1) { tickets { id } } }',
        )
      ).data!.show.tickets;
      const items = [{ ticketId: ticket!.id, quantity }];
      const bought = await purchase(world.server, { showId: '1', items }, { token: stranger.token });
      await delay(COLD_MS);
      const { statements } = await tap.during(async () => {
        const watch = subscribe(server, document, { id: bought.order.id }, { token: stranger.token });
        const told = JSON.stringify(await watch.next());
        await watch.close();
        expect(count(told, '"name"')).toBe(2 * quantity);
      });
      costs.push(shapesOf(statements));
    }
    expect(costs[1]).toEqual(costs[0]);
  });
});

/** What is sent between requests, to see whether what is in memory is still so. */
function isVerification(statement: string): boolean {
  return statement.includes('as revision from show s join producer');
}

/** Statements without their values, which are what differs between few and many; sorted, for they race. */
function shapesOf(statements: readonly string[]): string[] {
  return statements
    .map((statement) => statement.replace(/\([^()]*\)/g, '(…)').replace(/'[^']*'|\b\d+\b/g, '?'))
    .sort();
}
