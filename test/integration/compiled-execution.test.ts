import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type GraphQLAnswer, graphql } from '../support/graphql-client.js';
import { send } from '../support/http.js';
import { metric } from '../support/metrics.js';
import { startWorld, type World } from '../support/world.js';

/** More often than a document has to come before it is compiled. */
const TIMES = 6;

let world: World;
let showId: string;
let ticketId: string;
let token: string;
beforeAll(async () => {
  world = await startWorld();
  const { seller, show } = await world.sell({ title: 'Compiled', tickets: [{ quantity: 10_000 }, {}] });
  showId = show.id;
  ticketId = show.tickets[0]?.id as string;
  token = seller.token;
});
afterAll(() => world.close());

/** What the same document answers when it comes for the first time, and when it is compiled. */
async function firstAndLast(
  document: string,
  variables: Record<string, unknown> = {},
  options: { token?: string } = {},
): Promise<[GraphQLAnswer<unknown>, GraphQLAnswer<unknown>]> {
  const before = await metric(world.server, 'boxoffice_graphql_executions_total', { way: 'compiled' });
  const answers: GraphQLAnswer<unknown>[] = [];
  for (let time = 0; time < TIMES; time += 1) {
    answers.push(await graphql(world.server, document, variables, options));
  }
  const after = await metric(world.server, 'boxoffice_graphql_executions_total', { way: 'compiled' });
  expect(after).toBeGreaterThan(before);
  return [answers[0] as GraphQLAnswer<unknown>, answers.at(-1) as GraphQLAnswer<unknown>];
}

function contentOf({ data, errors, status }: GraphQLAnswer<unknown>) {
  return { data, errors, status };
}

describe('a document that comes again and again', () => {
  it('is answered the same: fragments, aliases, directives, dates, enumerations, capacities', async () => {
    const [first, last] = await firstAndLast(
      `query ($id: ID!, $with: Boolean!) {
        show(id: $id) { ...S again: title tickets @include(if: $with) { id __typename } }
        none: show(id: "2147483647") { id }
        shows(first: 1) { totalCount edges { cursor node { ...S } } pageInfo { hasNextPage endCursor } }
        viewer { email producers { name } }
      }
      fragment S on Show {
        __typename id startsAt endsAt status description @skip(if: $with)
        producer { name canAcceptPayments }
        tickets { available quantity held sold status price { amount currency } show { id } }
      }`,
      { id: showId, with: true },
      { token },
    );
    expect(first.errors).toEqual([]);
    expect(contentOf(last)).toEqual(contentOf(first));
  });

  it('fails the same: the code, the message and the path of a resolver that refuses', async () => {
    const [first, last] = await firstAndLast(
      'query Refused($id: ID!) { fine: shows(first: 1) { totalCount } refused: show(id: $id) { id } }',
      { id: 'x' },
    );
    expect(first.errors).toMatchObject([
      { message: 'Invalid show ID format', path: ['refused'], extensions: { code: 'BAD_USER_INPUT' } },
    ]);
    expect(contentOf(last)).toEqual(contentOf(first));
  });

  it('refuses the same what is null where nothing may be', async () => {
    const [first, last] = await firstAndLast('query NotNull { shows(first: -1) { totalCount } }');
    expect(first.errors).toMatchObject([{ path: ['shows'], extensions: { code: 'BAD_USER_INPUT' } }]);
    expect(contentOf(last)).toEqual(contentOf(first));
  });

  it('gives one error for what became null, however many failures did it', async () => {
    const { show } = await world.sell({ tickets: Array.from({ length: 12 }, () => ({ quantity: 1 })) });
    const nested = (times: number): string =>
      times === 0 ? 'id' : `tickets { show { ${nested(times - 1)} } }`;
    const [first, last] = await firstAndLast(`query Nested($id: ID!) { show(id: $id) { ${nested(6)} } }`, {
      id: show.id,
    });
    for (const answer of [first, last]) {
      expect(answer.data).toEqual({ show: null });
      expect(answer.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', limit: 20_000 } }]);
    }
  });

  it('refuses variables in the same words', async () => {
    const document = `mutation Variables($input: PurchaseTicketsInput!) {
      purchaseTickets(input: $input) { order { status } }
    }`;
    const right = { showId, items: [{ ticketId, quantity: 1 }], email: 'variables@example.com' };
    const wrong = { ...right, items: [{ ticketId, quantity: 'two' }] };
    const before = await graphql(world.server, document, { input: wrong });
    const [first, last] = await firstAndLast(document, { input: right });
    expect(contentOf(last)).toEqual(contentOf(first));
    const after = await graphql(world.server, document, { input: wrong });
    expect(before.errors).toMatchObject([
      { extensions: { code: 'BAD_USER_INPUT', field: 'items.0.quantity' } },
    ]);
    expect(contentOf(after)).toEqual(contentOf(before));
  });

  it('carries its mutations out one after the other', async () => {
    const input = { showId, items: [{ ticketId, quantity: 1 }], email: 'serial@example.com' };
    const selection = '{ order { lines { ticket { available } } } }';
    const document = `mutation Serial($input: PurchaseTicketsInput!) {
      first: purchaseTickets(input: $input) ${selection} second: purchaseTickets(input: $input) ${selection}
    }`;
    const [, last] = await firstAndLast(document, { input });
    const left = (name: string) =>
      (last.data as Record<string, { order: { lines: { ticket: { available: number } }[] } }>)[name]?.order
        .lines[0]?.ticket.available as number;
    expect(left('first') - left('second')).toBe(1);
  });

  it('names the operation that is wanted, each time', async () => {
    const query = 'query A { __typename } query B { shows(first: 1) { totalCount } }';
    const ask = async (operationName: string) => {
      const { text } = await send(world.server, '/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query, operationName }),
      });
      return JSON.parse(text);
    };
    for (let time = 0; time < TIMES; time += 1) {
      expect(await ask('A')).toEqual({ data: { __typename: 'Query' } });
      expect(await ask('B')).toMatchObject({ data: { shows: {} } });
      expect(await ask('C')).toMatchObject({
        errors: [{ extensions: { code: 'OPERATION_RESOLUTION_FAILURE' } }],
      });
    }
  });
});
