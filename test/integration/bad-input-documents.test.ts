import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { getIntrospectionQuery, Lexer, Source, TokenKind } from 'graphql';
import { type GraphQLFailure, graphql, type Variables } from '../support/graphql-client.js';
import { subscribe } from '../support/websocket-client.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
let showId: string;
beforeAll(async () => {
  world = await startWorld({ env: { WORKER: 'off' } });
  showId = (await world.sell({ tickets: [{}] })).show.id;
});
afterAll(() => world.close());

/** `levels` fields, each inside the one before. */
function nested(levels: number): string {
  const pairs = Math.floor((levels - 2) / 2);
  const inner = levels % 2 === 0 ? 'id' : 'show { id }';
  return `query ($id: ID!) { show(id: $id) { ${'tickets { show { '.repeat(pairs)}${
    levels % 2 === 0 ? inner : 'tickets { id }'
  }${' } }'.repeat(pairs)} } }`;
}
const aliased = (count: number) =>
  `{ ${Array.from({ length: count }, (_, index) => `a${index}: __typename`).join(' ')} }`;
/** A document of exactly so many tokens, none of which graphql minds repeating. */
function ofTokens(count: number): string {
  const part = (index: number) =>
    `a${index}: shows(first: 1) { totalCount nodes { id title description venue timeZone startsAt endsAt status
     producer { id name canAcceptPayments } tickets { id name available minPerOrder maxPerOrder price { amount } } } }`;
  const length = tokensIn(part(0));
  const parts = Array.from({ length: Math.floor((count - 2) / length) }, (_, index) => part(index));
  return `{ ${parts.join(' ')} ${'__typename '.repeat((count - 2) % length)} }`;
}
function tokensIn(text: string): number {
  const lexer = new Lexer(new Source(text));
  let count = 0;
  while (lexer.advance().kind !== TokenKind.EOF) count += 1;
  return count;
}
const circular = 'query { ...A } fragment A on Query { viewer { id } ...B } fragment B on Query { ...A }';
const throughFragments = `
  query ($id: ID!) { show(id: $id) { ...A } }
  fragment A on Show { tickets { show { tickets { show { ...B } } } } }
  fragment B on Show { tickets { show { tickets { show { ...C } } } } }
  fragment C on Show { tickets { show { tickets { show { ... { tickets { show { id } } } } } } } }`;

/** What the server says of a document, asked over HTTP and over a WebSocket. */
const WAYS = {
  HTTP: async (document: string, variables: Variables) => {
    const { errors, data } = await graphql(world.server, document, variables);
    return { errors, data: data ?? undefined };
  },
  WebSocket: async (document: string, variables: Variables) => {
    const subscription = subscribe(world.server, document, variables);
    try {
      const message = await subscription.nextMessage().catch(async () => ({
        errors: (await subscription.ended()) as GraphQLFailure[],
        data: undefined,
      }));
      return { errors: message.errors, data: message.data ?? undefined };
    } finally {
      await subscription.close();
    }
  },
};

describe.each(Object.keys(WAYS) as (keyof typeof WAYS)[])('a document over %s', (way) => {
  const ask = (document: string, variables: Variables = { id: showId }) => WAYS[way](document, variables);
  const refusal = (message: string | RegExp) => ({
    data: undefined,
    errors: [
      {
        message: expect.stringMatching(message),
        extensions: expect.objectContaining({ code: expect.any(String) }),
      },
    ],
  });

  it.each([300, 17, 16])('of %i levels is refused', async (levels) => {
    expect(await ask(nested(levels))).toMatchObject(
      refusal(`^The document is ${levels} levels deep; at most 15 are allowed$`),
    );
  });

  it.each([15, 14, 2])('of %i levels is answered', async (levels) => {
    expect(await ask(nested(levels))).toMatchObject({ errors: [], data: { show: expect.anything() } });
  });

  it('is measured through its fragments', async () => {
    expect(await ask(throughFragments)).toMatchObject(refusal(/^The document is 16 levels deep/));
  });

  it('whose fragments contain themselves is refused, and measuring it ends', async () => {
    expect(await ask(circular, {})).toMatchObject(refusal(/Cannot spread fragment "A" within itself/));
  });

  it.each([200, 51])('with %i aliases is refused', async (count) => {
    expect(await ask(aliased(count), {})).toMatchObject(
      refusal(`^The document has ${count} aliases; at most 50 are allowed$`),
    );
  });

  it('with 50 aliases is answered', async () => {
    expect(await ask(aliased(50), {})).toMatchObject({ errors: [], data: { a49: 'Query' } });
  });

  it.each([5_000, 2_001])('of %i tokens is refused', async (count) => {
    expect(await ask(ofTokens(count), {})).toMatchObject(refusal(/contains more that 2000 tokens/));
  });

  it('of 2,000 tokens is answered', async () => {
    expect(await ask(ofTokens(2_000), {})).toMatchObject({ errors: [], data: { __typename: 'Query' } });
  });

  it.each([
    ['{ viewer { id }', 'GRAPHQL_PARSE_FAILED'],
    ['{ nothing }', 'GRAPHQL_VALIDATION_FAILED'],
    ['{ viewer { id @unknown } }', 'GRAPHQL_VALIDATION_FAILED'],
    ['query A { viewer { id } } query B { viewer { id } }', 'OPERATION_RESOLUTION_FAILURE'],
  ])('that is wrong is refused with a code: %s', async (document, code) => {
    expect(await ask(document, {})).toMatchObject({ errors: [{ extensions: { code } }] });
  });

  it.each([
    ['query ($first: Int) { shows(first: $first) { totalCount } }', { first: 2 ** 31 }, 'first'],
    ['query ($first: Int) { shows(first: $first) { totalCount } }', { first: 'many' }, 'first'],
    ['query ($id: ID!) { show(id: $id) { id } }', {}, 'id'],
    ['query ($id: ID!) { show(id: $id) { id } }', { id: ['1', '2'] }, 'id'],
    [
      'query ($filter: ShowFilter) { shows(filter: $filter) { totalCount } }',
      { filter: { startsAfter: 'soon' } },
      'filter.startsAfter',
    ],
  ])('with wrong variables is refused with the field: %s %j', async (document, variables, field) => {
    expect(await ask(document, variables)).toMatchObject({
      errors: [{ extensions: { code: 'BAD_USER_INPUT', field } }],
    });
  });

  it('that asks for the schema is answered, however deep it is', async () => {
    const answer = await ask(getIntrospectionQuery(), {});
    expect(answer.errors).toEqual([]);
    expect(answer.data).toMatchObject({ __schema: { queryType: { name: 'Query' } } });
    const deep = `{ __type(name: "Show") { fields { type ${'{ ofType '.repeat(40)} { name } ${'} '.repeat(40)} } } }`;
    expect((await ask(deep, {})).errors).toEqual([]);
  });
});

describe('a server that keeps its schema to itself', () => {
  it('refuses introspection over HTTP and WebSocket, and answers all else', async () => {
    const closed = await world.addServer({ env: { INTROSPECTION: 'off' } });
    for (const document of [getIntrospectionQuery(), '{ __type(name: "Show") { name } }']) {
      const overHttp = await graphql(closed, document);
      const overWebSocket = subscribe(closed, document);
      for (const errors of [overHttp.errors, (await overWebSocket.ended()) as GraphQLFailure[]]) {
        for (const { extensions, message } of errors) {
          expect({ code: extensions?.code, message }).toEqual({
            code: 'GRAPHQL_VALIDATION_FAILED',
            message: expect.stringMatching(/introspection (is not allowed|has been disabled)/),
          });
        }
        expect(errors.length).toBeGreaterThan(0);
      }
      await overWebSocket.close();
    }
    expect(await graphql(closed, '{ __typename }')).toMatchObject({
      data: { __typename: 'Query' },
      errors: [],
    });
  });
});

describe('a subscription', () => {
  it('with wrong variables is refused with the field', async () => {
    const document = 'subscription ($showId: ID!) { inventoryChanged(showId: $showId) { showId } }';
    for (const showId of [{ id: 1 }, null, undefined, ['1', '2']]) {
      expect(await WAYS.WebSocket(document, { showId })).toMatchObject({
        errors: [{ extensions: { code: 'BAD_USER_INPUT', field: 'showId' } }],
      });
    }
  });
});

describe('a page size', () => {
  it.each([0, -1, 101, 1_000_000])('of %i is refused', async (first) => {
    for (const [document, token] of [
      ['query ($first: Int) { shows(first: $first) { totalCount } }', undefined],
      [
        'query ($first: Int) { orders(first: $first) { totalCount } }',
        (await world.sell({ tickets: [] })).seller.token,
      ],
    ] as const) {
      const { errors } = await graphql(world.server, document, { first }, { token });
      expect(errors).toMatchObject([
        { message: 'first must be from 1 to 100', extensions: { code: 'BAD_USER_INPUT', field: 'first' } },
      ]);
    }
  });
});

describe('a cursor that this server did not give out', () => {
  const encoded = (text: string) => Buffer.from(text).toString('base64url');
  const instant = new Date().toISOString();
  const garbage = [
    ...[
      '',
      'x',
      '====',
      '😀',
      '\u0000',
      'x'.repeat(10_000),
      encoded('|'),
      encoded('soon|1'),
      encoded(instant),
    ],
    ...[`${instant}|0`, `${instant}|-1`, `${instant}|99999999999`, `${instant}|4000000000`].map(encoded),
    ...[`${instant}|${'-'.repeat(36)}`, `${instant}|1' or 1=1`, `${instant}|1\u0000`].map(encoded),
    ...['-271821-04-20T00:00:00.000Z|1', '+275760-09-13T00:00:00.000Z|1', '0|1', 'Thu|1'].map(encoded),
    ...['0000-06-01T00:00:00.000Z|1', '10000-01-01T00:00:00.000Z|1'].map(encoded),
    encoded('-271821-04-20T00:00:00.000Z|00000000-0000-4000-8000-000000000000'),
  ];

  it.each(['shows', 'orders'])('is refused by %s', async (list) => {
    const { seller } = await world.sell({ tickets: [] });
    const document = `query ($after: String) { ${list}(after: $after) { nodes { id } } }`;
    for (const after of garbage) {
      const { errors } = await graphql(world.server, document, { after }, { token: seller.token });
      expect({ after, errors }).toMatchObject({
        after,
        errors: [
          {
            message: expect.stringMatching(/^Invalid cursor/),
            extensions: { code: 'BAD_USER_INPUT', field: 'after' },
          },
        ],
      });
    }
  });
});
