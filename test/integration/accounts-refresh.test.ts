import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSWORD, signUp } from '../support/fixtures.js';
import { expectData, expectError, type GraphQLAnswer, graphql } from '../support/graphql-client.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld({ env: { WORKER: 'off' } });
});
afterAll(() => world.close());

interface Session {
  readonly user: { readonly id: string };
  readonly accessToken: string;
  readonly refreshToken: string;
}
type Answer = GraphQLAnswer<{ session: Session }>;

function tryRefresh(refreshToken: string): Promise<Answer> {
  const document = `mutation ($refreshToken: String!) {
    session: refreshSession(refreshToken: $refreshToken) { user { id } accessToken refreshToken }
  }`;
  return graphql(world.server, document, { refreshToken });
}
const refresh = async (token: string) => expectData(await tryRefresh(token)).session;

async function signIn(email: string): Promise<Session> {
  const document = `mutation ($input: SignInInput!) {
    session: signIn(input: $input) { user { id } accessToken refreshToken }
  }`;
  const input = { email, password: PASSWORD };
  return expectData(await graphql<{ session: Session }>(world.server, document, { input })).session;
}

function expectRefused(answer: Answer): void {
  const failure = expectError(answer, 'UNAUTHENTICATED');
  expect(failure.message).toBe('The refresh token is not valid; sign in again');
}

describe('a refresh token', () => {
  it('is exchanged for a session of the same account and its own successor, again and again', async () => {
    const account = await signUp(world.server);
    const seen = new Set([account.refreshToken]);
    let token = account.refreshToken;
    for (let time = 0; time < 5; time += 1) {
      const session = await refresh(token);
      expect(session.user.id).toBe(account.userId);
      const options = { token: session.accessToken };
      expect((await graphql(world.server, '{ viewer { id } }', {}, options)).data).toEqual({
        viewer: { id: account.userId },
      });
      seen.add(session.refreshToken);
      token = session.refreshToken;
    }
    expect(seen.size).toBe(6);
  });

  it('used twice ends its whole family, its newest member included', async () => {
    const account = await signUp(world.server);
    const second = await refresh(account.refreshToken);
    const third = await refresh(second.refreshToken);
    expectRefused(await tryRefresh(account.refreshToken));
    for (const token of [third.refreshToken, second.refreshToken, account.refreshToken]) {
      expectRefused(await tryRefresh(token));
    }
    const warning = (entry: Record<string, unknown>) =>
      entry.msg === 'A refresh token was used twice' && entry.userId === account.userId;
    expect(await world.server.waitForLog(warning)).toMatchObject({ level: 'warn' });
  });

  it('used twice leaves the other sessions of the account alone', async () => {
    const account = await signUp(world.server);
    const elsewhere = await signIn(account.email);
    await refresh(account.refreshToken);
    expectRefused(await tryRefresh(account.refreshToken));
    expect((await refresh(elsewhere.refreshToken)).user.id).toBe(account.userId);
  });

  it('used many times at once lets one through at most, and ends the family', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { refreshToken } = await signUp(world.server);
      const answers = await Promise.all(Array.from({ length: 8 }, () => tryRefresh(refreshToken)));
      const through = answers.filter((answer) => answer.errors.length === 0);
      expect(through.length).toBeLessThanOrEqual(1);
      for (const answer of answers) if (answer.errors.length > 0) expectRefused(answer);
      for (const answer of through) expectRefused(await tryRefresh(expectData(answer).session.refreshToken));
    }
  });

  it('that has expired is refused, which is not held against its family', async () => {
    const account = await signUp(world.server);
    const second = await refresh(account.refreshToken);
    const hash = createHash('sha256').update(second.refreshToken).digest('hex');
    const move = (interval: string) =>
      world.database.pool.query(
        'update refresh_token set expires_at = now() + $1::interval where token_hash = $2 returning 1',
        [interval, hash],
      );
    expect((await move('-1 millisecond')).rowCount).toBe(1);
    expectRefused(await tryRefresh(second.refreshToken));
    await move('1 hour');
    expect((await refresh(second.refreshToken)).user.id).toBe(account.userId);
  });

  it.each(['', 'x', randomBytes(32).toString('base64url'), 'x'.repeat(10_000), '\u0000', '\ud800'])(
    'that was never given out is refused: %j',
    async (token) => {
      expectRefused(await tryRefresh(token));
    },
  );

  it('is no access token, and an access token is no refresh token', async () => {
    const account = await signUp(world.server);
    expectRefused(await tryRefresh(account.token));
    const answer = await graphql(world.server, '{ viewer { id } }', {}, { token: account.refreshToken });
    expectError(answer, 'UNAUTHENTICATED');
  });

  it('is stored as a hash alone', async () => {
    const { refreshToken } = await signUp(world.server);
    const { rows } = await world.database.pool.query('select refresh_token::text as row from refresh_token');
    expect(JSON.stringify(rows)).not.toContain(refreshToken);
    expect(refreshToken.length).toBeGreaterThanOrEqual(43);
  });
});
