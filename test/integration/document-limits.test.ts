import { hash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { getIntrospectionQuery } from 'graphql';
import type { GraphQLFailure, Variables } from '../support/graphql-client.js';
import { postBody, send } from '../support/http.js';
import { subscribe } from '../support/websocket-client.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
let closed: World['server'];
let showId: string;
beforeAll(async () => {
  world = await startWorld({ env: { WORKER: 'off' } });
  showId = (await world.sell({ tickets: [{}] })).show.id;
  closed = await world.addServer({ env: { INTROSPECTION: 'off' } });
});
afterAll(() => world.close());

interface Said {
  readonly errors: readonly GraphQLFailure[];
  readonly data: unknown;
}
type Server = World['server'];

const get = (server: Server, parameters: Readonly<Record<string, unknown>>) => {
  const texts = Object.entries(parameters).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  const headers = { 'apollo-require-preflight': '1' };
  return send(server, `/graphql?${new URLSearchParams(Object.fromEntries(texts))}`, { headers });
};
const persisted = (query: string) => ({
  persistedQuery: { version: 1, sha256Hash: hash('sha256', query) },
});
const said = ({ text }: { text: string }): Said => ({ errors: [], data: undefined, ...JSON.parse(text) });

/** Every way on which a document gets in. */
const WAYS: Record<string, (server: Server, query: string, variables: Variables) => Promise<Said>> = {
  POST: async (server, query, variables) =>
    said(await postBody(server, JSON.stringify({ query, variables }))),
  GET: async (server, query, variables) => said(await get(server, { query, variables })),
  'a persisted query by POST': async (server, query, variables) => {
    const extensions = persisted(query);
    await postBody(server, JSON.stringify({ query, variables: {}, extensions }));
    const whole = await postBody(server, JSON.stringify({ query, variables, extensions }));
    const named = await postBody(server, JSON.stringify({ variables, extensions }));
    return named.errors[0]?.extensions?.code === 'PERSISTED_QUERY_NOT_FOUND' ? said(whole) : said(named);
  },
  'a persisted query by GET': async (server, query, variables) => {
    const extensions = persisted(query);
    const whole = await get(server, { query, variables, extensions });
    const named = await get(server, { variables, extensions });
    return named.errors[0]?.extensions?.code === 'PERSISTED_QUERY_NOT_FOUND' ? said(whole) : said(named);
  },
  WebSocket: async (server, query, variables) => {
    const subscription = subscribe(server, query, variables);
    try {
      return await subscription.nextMessage().catch(async () => ({
        errors: (await subscription.ended()) as GraphQLFailure[],
        data: undefined,
      }));
    } finally {
      await subscription.close();
    }
  },
};

const many = (count: number, one: (index: number) => string) =>
  Array.from({ length: count }, (_, n) => one(n)).join(' ');
const shows = (first: number | string, fields: string) => `shows(first: ${first}) { nodes { id ${fields} } }`;
/** 100 elements of a hundred fields and more. */
const costly = (first: number | string) =>
  `${shows(first, `producer { id name } ${many(20, (n) => `a${n}: tickets { id name price { amount } available }`)}`)}`;

describe.each(Object.keys(WAYS))('a document by %s', (way) => {
  const ask = (document: string, variables: Variables = {}, server = world.server) =>
    WAYS[way]!(server, document, variables);
  const refusal = (message: string, limit?: number, actual?: number, code = 'GRAPHQL_VALIDATION_FAILED') => ({
    errors: [{ message, extensions: { code, ...(limit !== undefined && { limit, actual }) } }],
  });

  it('that goes too deep is refused', async () => {
    const document = `{ show(id: 1) { ${'tickets { show { '.repeat(7)} tickets { id } ${'} } '.repeat(7)} } }`;
    const message = 'The document is 17 levels deep; at most 15 are allowed';
    expect(await ask(document)).toMatchObject(refusal(message, 15, 17));
  });

  it('with too many aliases is refused', async () => {
    const document = `{ ${many(51, (n) => `a${n}: __typename`)} }`;
    const message = 'The document has 51 aliases; at most 50 are allowed';
    expect(await ask(document)).toMatchObject(refusal(message, 50, 51));
  });

  it('with too many tokens is refused', async () => {
    expect(await ask(`{ ${'a '.repeat(1_999)} }`)).toMatchObject({
      errors: [
        {
          message: expect.stringContaining('contains more that 2000 tokens'),
          extensions: { code: 'GRAPHQL_PARSE_FAILED' },
        },
      ],
    });
  });

  it('with too many directives is refused', async () => {
    const document = (count: number) => `{ ${many(count, () => '... @include(if: true) { __typename }')} }`;
    const message = 'The document has 51 directives; at most 50 are allowed';
    expect(await ask(document(51))).toMatchObject(refusal(message, 50, 51));
    expect(await ask(document(50))).toMatchObject({ data: { __typename: 'Query' } });
  });

  it('that costs too much is refused, with what it costs', async () => {
    const message =
      'The operation costs 20,026; at most 20,000 is allowed: ask for fewer fields or smaller pages';
    expect(await ask(`{ ${costly(89)} }`)).toMatchObject(refusal(message, 20_000, 20_026));
    expect(await ask(`{ ${costly(88)} }`)).toMatchObject({ data: { shows: { nodes: [{}] } } });
  });

  it('that costs too much by its variables is refused', async () => {
    const document = `query ($first: Int = 89) { ${costly('$first')} }`;
    for (const variables of [{ first: 100 }, { first: 89 }, {}]) {
      expect(await ask(document, variables)).toMatchObject({ errors: [{ extensions: { limit: 20_000 } }] });
    }
    expect(await ask(document, { first: 88 })).toMatchObject({ data: { shows: { nodes: [{}] } } });
  });

  it('that costs too much by fragments that double with each other is refused at once', async () => {
    const doubling = many(40, (n) => `fragment F${n} on Show { id ...F${n + 1} ...F${n + 1} }`);
    const document = `{ ${shows(1, '...F0')} } ${doubling} fragment F40 on Show { title }`;
    expect(await ask(document)).toMatchObject({
      errors: [{ message: expect.stringMatching(/^The operation costs [\d,]{15,};/) }],
    });
  });

  it.each([
    ['as graphql asks for it', getIntrospectionQuery()],
    [
      'with everything, as tools do',
      getIntrospectionQuery({
        descriptions: true,
        specifiedByUrl: true,
        directiveIsRepeatable: true,
        schemaDescription: true,
        inputValueDeprecation: true,
        oneOf: true,
      }),
    ],
  ])('that asks for the schema %s is answered', async (_how, document) => {
    expect(await ask(document)).toMatchObject({ data: { __schema: { queryType: { name: 'Query' } } } });
  });

  it('that asks for the schema over and over within itself is refused', async () => {
    const names = many(40, (n) => `a${n}: name`);
    const inner = `{ type { fields { type { ${names} ofType { ${names} } } args { type { ${names} } } } } }`;
    expect(await ask(`{ __schema { types { fields ${inner} } } }`)).toMatchObject({
      errors: [{ message: 'The document has 120 aliases; at most 50 are allowed' }],
    });
    const dull = 'kind name description specifiedByURL isOneOf';
    const plain = many(
      9,
      (n) =>
        `a${n}: __type(name: "Show") { fields { type { fields { type { ${dull} fields { name } } } } } }`,
    );
    expect((await ask(`{ ${plain} }`)).errors[0]?.message).toMatch(/introspection depth|costs/i);
  });

  it('that is wrong is not told what the schema has, where that is kept', async () => {
    for (const [document, hint] of [
      ['{ sho(id: 1) { id } }', /Cannot query field "sho"/],
      ['{ show(id: 1) { titel } }', /Cannot query field "titel"/],
      ['{ show(ids: 1) { id } }', /Unknown argument "ids"/],
      ['query ($filter: ShowFiltr) { shows(filter: $filter) { totalCount } }', /Unknown type/],
    ] as const) {
      const [open, kept] = [await ask(document), await ask(document, {}, closed)];
      expect(open.errors.map(({ message }) => message).join()).toContain('Did you mean');
      expect(kept.errors.map(({ message }) => message).join()).toMatch(hint);
      expect(JSON.stringify(kept)).not.toMatch(/Did you mean/);
    }
    const variables = { filter: { serch: 'x' } };
    const document = 'query ($filter: ShowFilter) { shows(filter: $filter) { totalCount } }';
    const kept = JSON.stringify(await ask(document, variables, closed));
    expect(kept).toContain('serch');
    expect(kept).not.toMatch(/Did you mean/);
  });
});

describe('a mutation', () => {
  const document = (count: number) =>
    `mutation { ${many(count, (n) => `a${n}: publishShow(id: "${showId}") { id }`)} }`;

  it.each(['POST', 'WebSocket'])('that does more than 20 things is refused by %s', async (way) => {
    expect(await WAYS[way]!(world.server, document(21), {})).toMatchObject({
      errors: [{ message: 'The operation has 21 mutations; at most 20 are allowed' }],
    });
    const { errors } = await WAYS[way]!(world.server, document(20), {});
    expect(errors[0]?.extensions?.code).toBe('UNAUTHENTICATED');
  });
});

describe('a subscription', () => {
  it('is limited as all else is', async () => {
    const order = (inner: string) => `subscription { orderUpdated(id: "${showId}") { ${inner} } }`;
    const deep = order(`show { ${'tickets { show { '.repeat(7)} id ${'} } '.repeat(7)} }`);
    const wide = order(`show { ${many(51, (n) => `a${n}: id`)} }`);
    const people = many(50, (n) => `a${n}: attendees { id name email code status checkedInAt }`);
    const costly = order(`${'refunds { order { '.repeat(5)} ${people} ${'} } '.repeat(5)}`);
    for (const [query, message] of [
      [deep, /17 levels deep/],
      [wide, /51 aliases/],
      [costly, /costs 2\d,\d+;/],
    ] as const) {
      const { errors } = await WAYS.WebSocket!(world.server, query, {});
      expect(errors[0]?.message).toMatch(message);
    }
  });
});
