import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSWORD, signUp, uniqueEmail } from '../support/fixtures.js';
import { expectData, expectError, graphql } from '../support/graphql-client.js';
import { OPERATIONS } from '../support/operations.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld({ env: { WORKER: 'off' } });
});
afterAll(() => world.close());

const SESSION = '{ user { id email name producers { id } } accessToken accessTokenExpiresAt refreshToken }';

function trySignUp(input: Record<string, unknown>) {
  const document = `mutation ($input: SignUpInput!) { signUp(input: $input) ${SESSION} }`;
  return graphql<{ signUp: Session }>(world.server, document, { input });
}

function trySignIn(email: string, password: string, token?: string) {
  const document = `mutation ($input: SignInInput!) { signIn(input: $input) ${SESSION} }`;
  return graphql<{ signIn: Session }>(world.server, document, { input: { email, password } }, { token });
}

interface Session {
  readonly user: { readonly id: string; readonly email: string; readonly name: string | null };
  readonly accessToken: string;
  readonly accessTokenExpiresAt: string;
  readonly refreshToken: string;
}

async function viewerOf(token: string): Promise<unknown> {
  return expectData(await graphql(world.server, '{ viewer { id email name } }', {}, { token })).viewer;
}

describe('signing up', () => {
  it('opens a session at once', async () => {
    const email = uniqueEmail('New.Person');
    const { signUp: session } = expectData(await trySignUp({ email, password: PASSWORD, name: ' Ada 😀 ' }));
    expect(session.user).toMatchObject({ email, name: 'Ada 😀', producers: [] });
    expect(await viewerOf(session.accessToken)).toEqual({ id: session.user.id, email, name: 'Ada 😀' });
    expect(Date.parse(session.accessTokenExpiresAt)).toBeGreaterThan(Date.now());
  });

  it('twice with one address is a conflict, however it is typed', async () => {
    const email = uniqueEmail('same');
    expectData(await trySignUp({ email, password: PASSWORD }));
    for (const again of [email, email.toUpperCase(), ` ${email} `]) {
      const failure = expectError(await trySignUp({ email: again, password: PASSWORD }), 'CONFLICT');
      expect(failure.extensions?.field).toBe('email');
    }
  });

  it('many times at once with one address makes one account', async () => {
    const email = uniqueEmail('rush');
    const tries = Array.from({ length: 6 }, () => trySignUp({ email, password: PASSWORD }));
    const answers = await Promise.all(tries);
    expect(answers.filter((answer) => answer.errors.length === 0)).toHaveLength(1);
    for (const answer of answers.filter((one) => one.errors.length > 0)) expectError(answer, 'CONFLICT');
    const { rows } = await world.database.pool.query(
      'select count(*)::int as count from app_user where email = $1',
      [email],
    );
    expect(rows).toEqual([{ count: 1 }]);
  });

  it.each([
    [{ email: 'nobody', password: PASSWORD }, 'Invalid e-mail address', 'email'],
    [{ email: '', password: PASSWORD }, 'Invalid e-mail address', 'email'],
    [
      { email: 'a@b.example', password: 'ninechars' },
      'Password must have at least 10 characters',
      'password',
    ],
    [{ email: 'a@b.example', password: '' }, 'Password must have at least 10 characters', 'password'],
    [
      { email: 'a@b.example', password: 'p'.repeat(201) },
      'Password must not be longer than 200 characters',
      'password',
    ],
    [{ email: 'a@b.example', password: PASSWORD, name: ' ' }, 'Name must not be empty', 'name'],
  ])('is refused: %j', async (input, message, field) => {
    const failure = expectError(await trySignUp(input), 'BAD_USER_INPUT');
    expect(failure).toMatchObject({ message, extensions: { field } });
  });

  it('stores passwords as Argon2id hashes alone', async () => {
    const password = `secret-${randomUUID()}`;
    const account = await signUp(world.server, { password });
    const { rows } = await world.database.pool.query(
      'select app_user::text as row from app_user where id = $1',
      [account.userId],
    );
    expect(rows[0].row).toContain('$argon2id$v=19$m=19456,t=2,p=1$');
    expect(rows[0].row).not.toContain(password);
  });
});

describe('signing in', () => {
  it('opens a session for the right password, whatever the letters of the address', async () => {
    const account = await signUp(world.server);
    for (const email of [account.email, account.email.toUpperCase()]) {
      const { signIn } = expectData(await trySignIn(email, PASSWORD));
      expect(signIn.user.id).toBe(account.userId);
      expect(await viewerOf(signIn.accessToken)).toMatchObject({ id: account.userId });
    }
  });

  it('answers the same for an unknown address as for a wrong password', async () => {
    const account = await signUp(world.server);
    const answers = [
      await trySignIn(account.email, 'wrong password'),
      await trySignIn(uniqueEmail(), PASSWORD),
      await trySignIn(account.email, ''),
      await trySignIn(account.email, PASSWORD.toUpperCase()),
      await trySignIn(account.email, ` ${PASSWORD}`),
      await trySignIn(account.email, `${PASSWORD}\u0000`),
    ];
    for (const answer of answers) {
      expectError(answer, 'UNAUTHENTICATED');
      expect(answer.errors).toEqual(answers[0]!.errors);
      expect(answer.errors[0]!.message).toBe('Invalid e-mail address or password');
      expect(answer.status).toBe(answers[0]!.status);
    }
  });

  it('and signing up are possible with an access token that is no good (any more)', async () => {
    const account = await signUp(world.server);
    expect(expectData(await trySignIn(account.email, PASSWORD, 'expired')).signIn.user.id).toBe(
      account.userId,
    );
    const input = { email: uniqueEmail(), password: PASSWORD };
    const options = { token: 'expired' };
    expectData(await graphql(world.server, OPERATIONS['Mutation.signUp'], { input }, options));
    const { refreshToken } = account;
    expectData(await graphql(world.server, OPERATIONS['Mutation.refreshSession'], { refreshToken }, options));
  });
});
