import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { graphql } from '../support/graphql-client.js';
import { postBody, type RawAnswer, send } from '../support/http.js';
import { startWorld, type World } from '../support/world.js';

const JSON_TYPE = { 'content-type': 'application/json' };
const CODES =
  /^(BAD_USER_INPUT|BAD_REQUEST|GRAPHQL_(PARSE|VALIDATION)_FAILED|OPERATION_RESOLUTION_FAILURE|PERSISTED_QUERY_NOT_FOUND)$/;
const QUERY = '{ viewer { id } }';

let world: World;
beforeAll(async () => {
  world = await startWorld({ env: { WORKER: 'off' } });
});
afterAll(() => world.close());

/** A refusal of this status in the form of a GraphQL answer, with a code and without internals. */
function expectRefusal(answer: RawAnswer, status: number, message?: string): void {
  expect({ status: answer.status, text: answer.text }).toMatchObject({ status });
  expect(answer.headers.get('content-type')).toMatch(/^application\/(graphql-response\+)?json/);
  expect(answer.errors).toHaveLength(1);
  expect(answer.errors[0]!.extensions?.code).toMatch(CODES);
  if (message !== undefined) expect(answer.errors[0]!.message).toBe(message);
  expect(answer.text).not.toMatch(/node_modules|\.js:\d|stacktrace/);
}

describe('a body that is no JSON', () => {
  it.each([
    '{',
    'query { viewer { id } }',
    '{"query":',
    '{"a":1}}',
    '\u0000',
    '[1,]',
    "{'query':'{viewer{id}}'}",
  ])('is refused: %j', async (body) => {
    const answer = await postBody(world.server, body);
    expectRefusal(answer, 400, 'The body is not valid JSON');
    expect(answer.errors[0]!.extensions).toEqual({ code: 'BAD_USER_INPUT' });
  });

  it('is refused when it is empty', async () => {
    expectRefusal(await postBody(world.server, ''), 400);
  });

  it('is refused when its bytes are no UTF-8', async () => {
    expectRefusal(await postBody(world.server, Buffer.from([0x7b, 0xff, 0xfe, 0x22])), 400);
  });
});

describe('JSON that is no GraphQL request', () => {
  it.each([
    'null',
    '1',
    '"text"',
    'true',
    '{}',
    '{"query":null}',
    '{"query":1}',
    '{"query":["{ viewer { id } }"]}',
  ])('is refused: %j', async (body) => {
    expectRefusal(await postBody(world.server, body), 400);
  });

  it.each([
    { query: QUERY, variables: 'text' },
    { query: QUERY, variables: 5 },
    { query: QUERY, extensions: 'text' },
    { query: QUERY, operationName: 7 },
    { query: 'query A { viewer { id } } query B { viewer { id } }' },
    { query: QUERY, operationName: 'Another' },
    { query: '' },
    { query: '{ viewer { id }' },
    { query: '{ nothing }' },
    { query: '{ viewer { password } }' },
    { query: 'query ($id: ID!) { show(id: $id) { id } }' },
    { query: 'query ($id: ID!) { show(id: $id) { id } }', variables: { id: null } },
    { query: 'query ($first: Int) { shows(first: $first) { totalCount } }', variables: { first: 'many' } },
    { query: '{ show { id } }' },
    { extensions: { persistedQuery: { version: 1, sha256Hash: 'x'.repeat(64) } } },
  ])('is refused: %j', async (body) => {
    const answer = await postBody(world.server, JSON.stringify(body));
    expectRefusal(answer, answer.status);
    expect([400, 200]).toContain(answer.status);
  });

  it('is refused as a batch', async () => {
    const batch = [{ query: QUERY }, { query: QUERY }];
    for (const body of [batch, [batch[0]], [], [batch]]) {
      expectRefusal(await postBody(world.server, JSON.stringify(body)), 400);
    }
  });

  it('cannot reach the prototype of anything', async () => {
    const body = `{"query":"${QUERY}","__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}`;
    expectRefusal(await postBody(world.server, body), 400);
    expect((await graphql(world.server, QUERY)).errors).toEqual([]);
  });

  it('may nest its variables as deep as its size allows', async () => {
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    const body = `{"query":"query($id: ID!) { show(id: $id) { id } }","variables":{"id":${deep}}}`;
    expectRefusal(await postBody(world.server, body), 200);
  });
});

describe('a body that is too large', () => {
  const tooLarge = 'The body must not be larger than 256 kB';

  it('of 10 MB is refused with 413, though it be valid', async () => {
    const body = JSON.stringify({ query: QUERY, variables: { padding: 'x'.repeat(10 * 1024 * 1024) } });
    expectRefusal(await postBody(world.server, body), 413, tooLarge);
  });

  it('is refused wherever it goes', async () => {
    const body = 'x'.repeat(1024 * 1024);
    for (const path of ['/webhooks/stripe', '/webhooks/stripe/connect']) {
      const answer = await send(world.server, path, { method: 'POST', headers: JSON_TYPE, body });
      expect(answer.status).toBe(413);
    }
  });

  it('is refused when it comes in pieces and does not say how large it is', async () => {
    const answer = await inPieces(`${world.server.url}/graphql`, 'x'.repeat(64 * 1024), 160);
    expect(answer).toMatchObject({ status: 413, body: { errors: [{ message: tooLarge }] } });
  });

  it('just below the limit is read', async () => {
    const body = JSON.stringify({ query: QUERY, variables: { padding: 'x'.repeat(255 * 1024) } });
    const answer = await postBody(world.server, body);
    expect(answer).toMatchObject({ status: 200, errors: [] });
  });
});

describe('a request in another form', () => {
  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/xml',
  ])('is refused as %s, which a foreign page could send unasked', async (type) => {
    const init = {
      method: 'POST',
      headers: { 'content-type': type },
      body: JSON.stringify({ query: QUERY }),
    };
    const answer = await send(world.server, '/graphql', init);
    expect([400, 415]).toContain(answer.status);
    expectRefusal(answer, answer.status);
  });

  it('is refused as GET by a page that could not ask first, and answered otherwise', async () => {
    const path = `/graphql?query=${encodeURIComponent(QUERY)}`;
    expectRefusal(await send(world.server, path), 400);
    const answer = await send(world.server, path, { headers: { 'apollo-require-preflight': 'yes' } });
    expect(JSON.parse(answer.text)).toEqual({ data: { viewer: null } });
  });

  it('never changes anything as GET', async () => {
    const query =
      'mutation { signUp(input: { email: "a@example.com", password: "0123456789" }) { user { id } } }';
    const headers = { 'apollo-require-preflight': 'yes' };
    const answer = await send(world.server, `/graphql?query=${encodeURIComponent(query)}`, { headers });
    expectRefusal(answer, 405);
    const { rows } = await world.database.pool.query('select count(*)::int as count from app_user');
    expect(rows).toEqual([{ count: 0 }]);
  });

  it.each(['PUT', 'DELETE', 'PATCH'])('is refused as %s', async (method) => {
    const init = { method, headers: JSON_TYPE, body: '{}' };
    const answer = await send(world.server, '/graphql?query=%7B', init);
    expectRefusal(answer, 405, `There is no ${method} here; use GET or POST`);
    expect(answer.headers.get('allow')).toBe('GET, POST');
    for (const [path, allow] of [
      ['/webhooks/stripe', 'POST'],
      ['/health/live', 'GET'],
      ['/checkout/success', 'GET'],
    ] as const) {
      const other = await send(world.server, path, init);
      expect({ path, status: other.status, allow: other.headers.get('allow') }).toEqual({
        path,
        status: 405,
        allow,
      });
    }
    expect((await send(world.server, '/nothing', init)).status).toBe(404);
  });

  it('is not there under another path, and the path comes back harmless', async () => {
    const answer = await send(world.server, `/${'x'.repeat(5_000)}<script>?secret=1`);
    expect(answer.status).toBe(404);
    expect(answer.text).not.toContain('secret');
    expect(answer.text.length).toBeLessThan(400);
  });
});

/** Sends one piece after the other for as long as the other side listens. */
function inPieces(url: string, piece: string, count: number): Promise<{ status?: number; body: unknown }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method: 'POST', headers: JSON_TYPE }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => {
        resolve({ status: incoming.statusCode, body: JSON.parse(Buffer.concat(chunks).toString('utf8')) });
        outgoing.destroy();
      });
    });
    // After the answer the server cuts what still comes; before it, this is a failure.
    outgoing.on('error', reject);
    for (let sent = 0; sent < count; sent += 1) outgoing.write(piece);
    outgoing.end();
  });
}
