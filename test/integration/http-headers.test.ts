import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { send } from '../support/http.js';
import { startWorld, type World } from '../support/world.js';

const SHOP = 'https://shop.example';

let world: World;
let open: World['server'];
let everywhere: World['server'];
beforeAll(async () => {
  world = await startWorld({ env: { WORKER: 'off' } });
  await world.sell({ tickets: [{}] });
  [open, everywhere] = await Promise.all([
    world.addServer({ env: { CORS_ORIGINS: `${SHOP},capacitor://localhost` } }),
    world.addServer({ env: { CORS_ORIGINS: '*' } }),
  ]);
});
afterAll(() => world.close());

const ask = (server: World['server'], origin: string, init: RequestInit = {}) =>
  send(server, '/graphql', {
    method: 'POST',
    body: JSON.stringify({ query: '{ __typename }' }),
    ...init,
    headers: { 'content-type': 'application/json', origin, ...init.headers },
  });
/** What a browser sends before a request that a page could not always have made. */
const preflight = (server: World['server'], origin: string, path = '/graphql') =>
  send(server, path, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type',
    },
  });
const corsOf = ({ headers }: { headers: Headers }) =>
  [...headers].filter(([name]) => name.startsWith('access-control-')).map(([name]) => name);

describe('a page of another origin', () => {
  it('may ask nothing unless it was said so', async () => {
    expect(corsOf(await ask(world.server, SHOP))).toEqual([]);
    const asked = await preflight(world.server, SHOP);
    expect({ status: asked.status, cors: corsOf(asked) }).toEqual({ status: 405, cors: [] });
  });

  it.each([SHOP, 'capacitor://localhost'])('may ask if it is named: %s', async (origin) => {
    const answer = await ask(open, origin);
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
    expect(answer.headers.get('access-control-expose-headers')).toContain('x-request-id');
    const asked = await preflight(open, origin);
    expect(asked.status).toBe(204);
    const allowed = asked.headers.get('access-control-allow-headers');
    for (const name of ['authorization', 'content-type', 'apollo-require-preflight']) {
      expect(allowed).toContain(name);
    }
    for (const { headers } of [answer, asked]) {
      expect(headers.get('vary')).toMatch(/origin/i);
      expect(headers.get('access-control-allow-credentials')).toBeNull();
    }
  });

  it.each(['https://evil.example', 'http://shop.example', `${SHOP}:8443`, 'null'])(
    'may not if another one is: %s',
    async (origin) => {
      expect((await ask(open, origin)).headers.get('access-control-allow-origin')).toBeNull();
      expect((await preflight(open, origin)).headers.get('access-control-allow-origin')).toBeNull();
    },
  );

  it('may from everywhere where all are named', async () => {
    for (const origin of ['https://evil.example', 'null']) {
      expect((await ask(everywhere, origin)).headers.get('access-control-allow-origin')).toBe('*');
      expect((await preflight(everywhere, origin)).status).toBe(204);
    }
  });

  it('may ask /graphql and nothing else', async () => {
    for (const path of ['/metrics', '/webhooks/stripe', '/checkout/success', '/graphiql', '/nothing']) {
      expect(corsOf(await send(open, path, { headers: { origin: SHOP } }))).toEqual([]);
      expect(corsOf(await preflight(open, SHOP, path))).toEqual([]);
    }
  });

  it('never shares its answer with a page of yet another origin by a cache on the way', async () => {
    const path = `/graphql?query=${encodeURIComponent('{ show(id: 1) { title } }')}`;
    const headers = { 'apollo-require-preflight': '1', origin: SHOP };
    for (let time = 0; time < 2; time += 1) {
      const answer = await send(open, path, { headers });
      expect(answer.headers.get('cache-control')).toBe('public, max-age=1');
      expect(answer.headers.get('vary')).toBe('Authorization, Accept, Origin');
      expect(answer.headers.get('access-control-allow-origin')).toBe(SHOP);
    }
  });
});

describe('a foreign page that asks for no permission', () => {
  const document = '{ viewer { id } }';
  it.each([
    ['GET', undefined, undefined],
    ['GET', 'text/plain', undefined],
    ['POST', 'text/plain', JSON.stringify({ query: document })],
    ['POST', 'application/x-www-form-urlencoded', `query=${encodeURIComponent(document)}`],
    ['POST', 'multipart/form-data; boundary=x', '--x\r\n\r\n--x--'],
    ['POST', undefined, JSON.stringify({ query: document })],
  ])('is refused: %s as %s', async (method, type, body) => {
    const path = method === 'GET' ? `/graphql?query=${encodeURIComponent(document)}` : '/graphql';
    for (const server of [world.server, open, everywhere]) {
      const answer = await send(server, path, {
        method,
        headers: { origin: 'https://evil.example', ...(type !== undefined && { 'content-type': type }) },
        ...(body !== undefined && { body }),
      });
      expect([400, 415]).toContain(answer.status);
      expect(answer.text).not.toContain('"data"');
    }
  });
});

describe('every answer', () => {
  const PATHS = ['/', '/graphql', '/graphiql', '/health/live', '/metrics', '/checkout/success', '/nothing'];

  it('forbids guessing at its type, frames around it, and telling where somebody came from', async () => {
    for (const path of PATHS) {
      const { headers } = await send(world.server, path, { redirect: 'manual' });
      expect({ path, sniffing: headers.get('x-content-type-options') }).toEqual({
        path,
        sniffing: 'nosniff',
      });
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('content-security-policy')).toMatch(/^default-src 'none';.*frame-ancestors 'none'/);
      expect(headers.get('strict-transport-security')).toBeNull();
      expect(headers.get('x-powered-by')).toBeNull();
      expect(headers.get('server')).toBeNull();
    }
  });

  it('lets the pages for buyers bring their styles, and nothing else', async () => {
    for (const path of ['/checkout/success', '/checkout/cancel']) {
      const policy = (await send(world.server, path)).headers.get('content-security-policy');
      expect(policy).toContain("style-src 'unsafe-inline'");
      expect(policy).not.toContain('script-src');
    }
  });
});
