import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { type Account, type PublishedShow, purchase, signUp } from '../support/fixtures.js';
import { postBody, type RawAnswer, send } from '../support/http.js';
import { metric } from '../support/metrics.js';
import { hasRedis } from '../support/run.js';
import type { TestServer } from '../support/server.js';
import { type SqlTap, startSqlTap } from '../support/sql-tap.js';
import { startWorld, type World } from '../support/world.js';

const SHOW = 'query Show($id: ID!) { show(id: $id) { id title tickets { id available status } } }';
const PREFLIGHTED = { 'apollo-require-preflight': 'yes' };

let world: World;
let tap: SqlTap;
let server: TestServer;
let seller: Account;
let stranger: Account;
let show: PublishedShow;
beforeAll(async () => {
  world = await startWorld({ env: { WORKER: 'off' } });
  tap = await startSqlTap(world.database.url);
  server = await world.addServer({ databaseUrl: tap.url });
  ({ seller, show } = await world.sell({ tickets: [{ quantity: 1000 }, {}] }));
  stranger = await signUp(world.server);
});
afterAll(async () => {
  await world.close();
  await tap.close();
});

type Headers = Readonly<Record<string, string>>;

/** A GET as apps and caches send it. */
function get(parameters: Readonly<Record<string, unknown>>, headers: Headers = {}, at = server) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    search.set(name, typeof value === 'string' ? value : JSON.stringify(value));
  }
  return send(at, `/graphql?${search}`, { headers: { ...PREFLIGHTED, ...headers } });
}

const getShow = (headers?: Headers) => get({ query: SHOW, variables: { id: show.id } }, headers);
const kept = (at = server) => metric(at, 'boxoffice_shared_answers_total', { outcome: 'kept' });
const availableIn = ({ text }: RawAnswer) => JSON.parse(text).data.show.tickets[0].available as number;

describe('the same request by many', () => {
  it('is answered without any statement once it was answered', async () => {
    await getShow();
    const before = await kept();
    const { result, statements } = await tap.during(() =>
      Promise.all(Array.from({ length: 20 }, () => getShow())),
    );
    expect(new Set(result.map(({ text }) => text)).size).toBe(1);
    expect(
      statements.filter((statement) => !statement.includes('as revision from show s join producer')),
    ).toEqual([]);
    expect(await kept()).toBe(before + 20);
  });

  it('costs one statement where nothing is in memory', async () => {
    const other = await world.sell({ tickets: [{}] });
    const body = JSON.stringify({ query: SHOW, variables: { id: other.show.id } });
    const { result, statements } = await tap.during(() =>
      Promise.all(Array.from({ length: 50 }, () => postBody(server, body))),
    );
    expect(new Set(result.map(({ text }) => text)).size).toBe(1);
    // Whoever comes while it is under way is served by a second one, with everybody else who does.
    expect(statements.length).toBeLessThanOrEqual(2);
  });

  it('is counted, measured and named like every other', async () => {
    await getShow();
    const operations = () =>
      metric(server, 'boxoffice_graphql_operation_seconds_count', { type: 'query', outcome: 'success' });
    const requests = () =>
      metric(server, 'boxoffice_http_request_seconds_count', { route: '/graphql', status: '200' });
    const [before, beforeHttp] = [await operations(), await requests()];
    const [one, other] = [await getShow({ 'x-request-id': 'one-of-mine' }), await getShow()];
    expect(one.headers.get('x-request-id')).toBe('one-of-mine');
    expect(other.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(one.headers.get('x-content-type-options')).toBe('nosniff');
    expect(await operations()).toBe(before + 2);
    await eventually('both are counted', async () => (await requests()) === beforeHttp + 2);
  });

  it('is answered with what was sold a moment ago', async () => {
    const items = [{ ticketId: show.tickets[0]!.id, quantity: 1 }];
    for (let left = availableIn(await getShow()); left > 900; left -= 10) {
      await Promise.all(Array.from({ length: 10 }, () => purchase(server, { showId: show.id, items })));
      const answers = await Promise.all(Array.from({ length: 5 }, () => getShow()));
      expect(answers.map(availableIn)).toEqual(Array(5).fill(left - 10));
    }
  });

  it('says what the clock says at each instant', async () => {
    const opensAt = new Date(Date.now() + 1_500);
    const { show: later } = await world.sell({ tickets: [{ salesStartAt: opensAt.toISOString() }] });
    const ask = async () => {
      const sentAt = Date.now();
      const { text } = await get({ query: SHOW, variables: { id: later.id } });
      return { sentAt, doneAt: Date.now(), status: JSON.parse(text).data.show.tickets[0].status as string };
    };
    const answers = [await ask()];
    while (answers.at(-1)!.sentAt < opensAt.getTime() + 200) answers.push(await ask());
    for (const { sentAt, doneAt, status } of answers) {
      if (sentAt >= opensAt.getTime()) expect(status).toBe('ON_SALE');
      if (doneAt < opensAt.getTime()) expect(status).toBe('SCHEDULED');
    }
    expect(new Set(answers.map(({ status }) => status)).size).toBe(2);
  });
});

describe('an answer by GET', () => {
  it('may be kept for a second by whoever carries it, and is known by its tag', async () => {
    const answer = await getShow();
    expect(answer.headers.get('cache-control')).toBe('public, max-age=1');
    expect(answer.headers.get('vary')?.toLowerCase()).toContain('authorization');
    const etag = answer.headers.get('etag')!;
    expect(etag).toMatch(/^"[\w-]+"$/);
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const again = await getShow({ 'if-none-match': known });
      expect(again).toMatchObject({ status: 304, text: '' });
      expect(again.headers.get('etag')).toBe(etag);
      expect(again.headers.get('cache-control')).toBe('public, max-age=1');
    }
    expect(await getShow({ 'if-none-match': '"other"' })).toMatchObject({ status: 200, text: answer.text });
  });

  it('has another tag once something has changed', async () => {
    const etag = (await getShow()).headers.get('etag')!;
    const items = [{ ticketId: show.tickets[0]!.id, quantity: 1 }];
    await purchase(server, { showId: show.id, items });
    const changed = await getShow({ 'if-none-match': etag });
    expect(changed.status).toBe(200);
    expect(changed.headers.get('etag')).not.toBe(etag);
  });

  it('is the same as by POST, which nobody is to keep', async () => {
    const byGet = await getShow();
    const byPost = await postBody(server, JSON.stringify({ query: SHOW, variables: { id: show.id } }));
    expect(byPost.text).toBe(byGet.text);
    expect(byPost.headers.get('cache-control')).toBe('private, no-store');
    expect(byPost.headers.get('etag')).toBeNull();
  });

  it('comes in the media type that was asked for', async () => {
    for (const type of ['application/json', 'application/graphql-response+json', 'application/json']) {
      expect((await getShow({ accept: type })).headers.get('content-type')).toContain(type);
    }
  });

  it('is refused to a page that could not ask first, though others have it', async () => {
    await getShow();
    const search = new URLSearchParams({ query: SHOW, variables: JSON.stringify({ id: show.id }) });
    for (const headers of [{}, { 'apollo-require-preflight': '' }, { 'content-type': 'text/plain' }]) {
      const answer = await send(server, `/graphql?${search}`, { headers: headers as Headers });
      expect([400, 415]).toContain(answer.status);
      expect(answer.headers.get('cache-control')).toBe('private, no-store');
    }
  });
});

describe('what nobody else may have', () => {
  const hidden = '{ id quantity held sold }';
  it.each([
    ['of a viewer', { query: '{ viewer { id } }' }, 'seller', 200],
    ['of a show, by somebody signed in', { query: SHOW, variables: { id: '1' } }, 'stranger', 200],
    ['of a show, by its team', { query: `{ show(id: 1) { tickets ${hidden} } }` }, 'seller', 200],
    ['with a token that is none', { query: SHOW, variables: { id: '1' } }, 'broken', 200],
    ['of what is not there', { query: SHOW, variables: { id: '999999' } }, 'nobody', 200],
    ['of an id that is none', { query: SHOW, variables: { id: 'x' } }, 'nobody', 200],
    ['of a field that is none', { query: '{ nothing }' }, 'nobody', 200],
    ['of the schema', { query: '{ __schema { queryType { name } } }' }, 'nobody', 200],
    ['of a part that failed', { query: '{ show(id: 1) { id } other: show(id: "x") { id } }' }, 'nobody', 200],
    [
      'of a part that is not there',
      { query: '{ show(id: 1) { id } other: show(id: 9999) { id } }' },
      'nobody',
      200,
    ],
  ])('is an answer %s', async (_what, parameters, who, status) => {
    const token = { seller: seller.token, stranger: stranger.token, broken: 'broken' }[who];
    for (let time = 0; time < 3; time += 1) {
      const before = await kept();
      const answer = await get(parameters, token === undefined ? {} : { authorization: `Bearer ${token}` });
      expect(answer.status).toBe(status);
      expect(answer.headers.get('cache-control')).toBe('private, no-store');
      expect(answer.headers.get('etag')).toBeNull();
      expect(await kept()).toBe(before);
    }
  });

  it('is what a mutation does, which is done as often as it is sent', async () => {
    const query = 'mutation ($input: SignUpInput!) { signUp(input: $input) { user { id } } }';
    const input = { email: 'twice@example.com', password: 'correct horse battery' };
    const body = JSON.stringify({ query, variables: { input } });
    const answers = await Promise.all([postBody(server, body), postBody(server, body)]);
    expect(answers.map(({ errors }) => errors.length).sort()).toEqual([0, 1]);
  });
});

describe('a query that is named by its hash', () => {
  let number = 0;
  /** A text that no process knows. */
  function persisted() {
    number += 1;
    const query = `query Persisted${number}($id: ID!) { show(id: $id) { title } }`;
    const sha256Hash = createHash('sha256').update(query).digest('hex');
    const named = { variables: { id: show.id }, extensions: { persistedQuery: { version: 1, sha256Hash } } };
    return { named, whole: { query, ...named } };
  }

  it('is answered by GET once its text was sent, and kept for others', async () => {
    const { named, whole } = persisted();
    const unknown = await get(named);
    expect(unknown.errors[0]?.extensions?.code).toBe('PERSISTED_QUERY_NOT_FOUND');
    expect(unknown.headers.get('cache-control')).toBe('private, no-store');
    expect((await get(whole)).status).toBe(200);
    const answer = await get(named);
    expect(JSON.parse(answer.text)).toEqual({ data: { show: { title: show.title } } });
    expect(answer.headers.get('cache-control')).toBe('public, max-age=1');
    const before = await kept();
    expect((await get(named, { 'if-none-match': answer.headers.get('etag')! })).status).toBe(304);
    expect(await kept()).toBe(before + 1);
  });

  it('is refused where hash and text differ, however often', async () => {
    const { whole } = persisted();
    const wrong = { ...whole, query: `${whole.query} ` };
    for (let time = 0; time < 3; time += 1) {
      expect((await get(wrong)).errors).toMatchObject([{ message: 'provided sha does not match query' }]);
    }
  });

  (hasRedis ? it : it.skip)('is known to every process', async () => {
    const { named, whole } = persisted();
    await get(whole, {}, server);
    await eventually('the other process knows it', async () => {
      const { errors } = await get(named, {}, world.server);
      return errors.length === 0;
    });
  });
});
