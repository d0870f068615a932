import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { base64url, SignJWT, UnsecuredJWT } from 'jose';
import { type Account, signUp } from '../support/fixtures.js';
import { expectData, expectError, graphql } from '../support/graphql-client.js';
import { operate } from '../support/operate.js';
import { subscribe } from '../support/websocket-client.js';
import { startWorld, type World } from '../support/world.js';

const SECRET = randomUUID() + randomUUID();
const KEY = new TextEncoder().encode(SECRET);
const HOUR = 3_600;
const now = () => Math.floor(Date.now() / 1000);

let world: World;
let account: Account;
let issuer: string;
let showId: string;
beforeAll(async () => {
  world = await startWorld({ env: { WORKER: 'off', JWT_SECRET: SECRET } });
  account = await signUp(world.server);
  issuer = payloadOf(account.token).iss as string;
  showId = (await world.sell({ tickets: [{}] })).show.id;
});
afterAll(() => world.close());

function payloadOf(token: string): Record<string, unknown> {
  return JSON.parse(new TextDecoder().decode(base64url.decode(token.split('.')[1] ?? '')));
}

interface Claims {
  sub?: string;
  iss?: string;
  exp?: number;
  nbf?: number;
}
function signed(claims: Claims, { key = KEY, alg = 'HS256' }: { key?: Uint8Array; alg?: string } = {}) {
  const whole = { sub: account.userId, iss: issuer, exp: now() + HOUR, ...claims };
  return new SignJWT({ ...whole }).setProtectedHeader({ alg }).sign(key);
}

/** The token with another part in the place of one of its own. */
function withPart(token: string, index: number, part: (own: string) => string): string {
  return token
    .split('.')
    .map((own, at) => (at === index ? part(own) : own))
    .join('.');
}
const encoded = (value: unknown) => base64url.encode(JSON.stringify(value));

const FORGERIES: Record<string, () => string | Promise<string>> = {
  'no token at all': () => 'x',
  'an empty token': () => '..',
  'another payload': () =>
    withPart(account.token, 1, () => encoded({ ...payloadOf(account.token), sub: randomUUID() })),
  'a later end': () =>
    withPart(account.token, 1, () => encoded({ ...payloadOf(account.token), exp: now() + 99 * HOUR })),
  'a cut signature': () => withPart(account.token, 2, (own) => own.slice(0, -2)),
  'no signature': () => withPart(account.token, 2, () => ''),
  'the algorithm none': () =>
    new UnsecuredJWT({ sub: account.userId, iss: issuer }).setExpirationTime(now() + HOUR).encode(),
  'the algorithm none and the true signature': () =>
    withPart(account.token, 0, () => encoded({ alg: 'none' })),
  'the algorithm None in other letters': () => withPart(account.token, 0, () => encoded({ alg: 'nOnE' })),
  'another algorithm': () => signed({}, { alg: 'HS512' }),
  'another key': () => signed({}, { key: new TextEncoder().encode('x'.repeat(64)) }),
  'an empty key': () => signed({}, { key: new Uint8Array(1) }),
  'another issuer': () => signed({ iss: 'https://elsewhere.example' }),
  'no issuer': () => signed({ iss: undefined }),
  'no subject': () => signed({ sub: undefined }),
  'no end': () => signed({ exp: undefined }),
  'a start in the future': () => signed({ nbf: now() + HOUR }),
  'the refresh token': () => account.refreshToken,
};

describe('an access token', () => {
  it('as the server issues it tells who the viewer is', async () => {
    const { viewer } = expectData(
      await graphql(world.server, '{ viewer { id } }', {}, { token: account.token }),
    );
    expect(viewer).toEqual({ id: account.userId });
  });

  it('signed by hand in the same way does too: what follows is refused for what differs', async () => {
    const token = await signed({});
    expect((await operate(world.server, 'Query.viewer', {}, token)).data).toMatchObject({
      viewer: { id: account.userId },
    });
  });

  it.each(Object.keys(FORGERIES))('with %s is refused everywhere, and not taken for none', async (name) => {
    const token = await FORGERIES[name]!();
    for (const document of [
      '{ viewer { id } }',
      `{ show(id: "${showId}") { id } }`,
      '{ orders { totalCount } }',
    ]) {
      const answer = await graphql(world.server, document, {}, { token });
      const failure = expectError(answer, 'UNAUTHENTICATED');
      expect(failure.message).toBe('The access token is not valid');
    }
  });

  it('that has expired is refused, and says what to do', async () => {
    const token = await signed({ exp: now() - 1 });
    const failure = expectError(
      await graphql(world.server, '{ viewer { id } }', {}, { token }),
      'UNAUTHENTICATED',
    );
    expect(failure.message).toBe('The access token has expired; get a new one with refreshSession');
  });

  it('of an account that is gone is nobody, and can do nothing', async () => {
    const token = await signed({ sub: randomUUID() });
    expect((await operate(world.server, 'Query.viewer', {}, token)).data).toEqual({ viewer: null });
    const answer = await operate(
      world.server,
      'Mutation.createProducer',
      { input: { name: 'Ghost' } },
      token,
    );
    expect(answer.errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
  });

  it('whose subject is no account id is refused, and fails nothing', async () => {
    for (const sub of ['1', "' or 1=1", '\u0000', account.email]) {
      const token = await signed({ sub });
      const answer = await operate(world.server, 'Query.viewer', {}, token);
      expect({ sub, errors: answer.errors }).toMatchObject({
        sub,
        errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
      });
    }
  });

  it.each(['Basic YTpi', 'Bearer', 'Bearer a b', 'token', 'bearerx'])(
    'is asked for where there is %j',
    async (header) => {
      const headers = { authorization: header };
      const failure = expectError(
        await graphql(world.server, '{ viewer { id } }', {}, { headers }),
        'UNAUTHENTICATED',
      );
      expect(failure.message).toBe('The Authorization header must read: Bearer <access token>');
    },
  );

  it('is read whatever the letters of its scheme', async () => {
    const headers = { authorization: `bEaReR  ${account.token}` };
    expect((await graphql(world.server, '{ viewer { id } }', {}, { headers })).data).toEqual({
      viewer: { id: account.userId },
    });
  });
});

describe('a WebSocket', () => {
  const document = 'subscription ($id: ID!) { inventoryChanged(showId: $id) { showId } }';

  it.each(['no token at all', 'another payload', 'the algorithm none'])(
    'is not opened with %s',
    async (name) => {
      const token = await FORGERIES[name]!();
      const subscription = subscribe(world.server, document, { id: showId }, { token });
      expect(await subscription.ended()).toEqual({ code: 4403, reason: 'Forbidden' });
      await subscription.close();
    },
  );

  it('is closed when the token it was opened with expires', async () => {
    const token = await signed({ exp: now() + 2 });
    const subscription = subscribe(world.server, document, { id: showId }, { token });
    expect(await subscription.next()).toEqual({ inventoryChanged: { showId } });
    expect(await subscription.ended()).toMatchObject({ code: 4403 });
    await subscription.close();
  });
});
