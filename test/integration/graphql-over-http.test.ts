import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { serverAudits } from 'graphql-http';
import { send } from '../support/http.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld({ env: { WORKER: 'off' } });
});
afterAll(() => world.close());

const url = () => `${world.server.url}/graphql`;
/** Says what no foreign page can say unasked, as a client that sends queries by GET does. */
const preflighted: typeof fetch = (input, init = {}) =>
  fetch(input, { ...init, headers: { ...init.headers, 'apollo-require-preflight': 'true' } });

const named = (audits: ReturnType<typeof serverAudits>) =>
  audits.map((audit) => [`${audit.id} ${audit.name}`, audit] as const);

// Of the specification (https://graphql.github.io/graphql-over-http/draft/), by its reference implementation.
describe('GraphQL over HTTP', () => {
  const required = serverAudits({ url }).filter(({ name }) => !name.startsWith('MAY'));

  it('asks for dozens of things', () => {
    expect(required.length).toBeGreaterThan(30);
  });

  it.each(named(required))('%s', async (_name, audit) => {
    const { status, ...result } = await audit.fn();
    expect({ status, reason: 'reason' in result ? result.reason : undefined }).toEqual({ status: 'ok' });
  });

  const optional = serverAudits({ url, fetchFn: preflighted }).filter(({ name }) => name.startsWith('MAY'));
  it.each(named(optional))('%s', async (_name, audit) => {
    expect((await audit.fn()).status).toBe('ok');
  });
});

describe('a document that is wrong', () => {
  const post = (query: string, accept: string, headers = {}) =>
    send(world.server, '/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept, ...headers },
      body: JSON.stringify({ query }),
    });

  it.each([
    ['{ nothing }', 'GRAPHQL_VALIDATION_FAILED'],
    ['{', 'GRAPHQL_PARSE_FAILED'],
    ['subscription { inventoryChanged(showId: 1) { showId } }', 'BAD_USER_INPUT'],
    ['query A { viewer { id } } query B { viewer { id } }', 'OPERATION_RESOLUTION_FAILURE'],
  ])('is answered by the media type that was asked for: %s', async (query, code) => {
    for (const [accept, status, type] of [
      ['application/graphql-response+json', 400, /^application\/graphql-response\+json/],
      ['application/graphql-response+json, application/json;q=0.9', 400, /^application\/graphql-response/],
      ['application/json', 200, /^application\/json/],
      ['*/*', 200, /^application\/json/],
    ] as const) {
      const answer = await post(query, accept);
      expect({ accept, status: answer.status, code: answer.errors[0]?.extensions?.code }).toEqual({
        accept,
        status,
        code,
      });
      expect(answer.headers.get('content-type')).toMatch(type);
    }
  });

  it('is another thing than a request that is none', async () => {
    expect((await post('', 'application/json')).status).toBe(400);
    const both = { method: 'GET', headers: { 'apollo-require-preflight': '1' } };
    expect((await send(world.server, '/graphql', both)).status).toBe(400);
  });
});
