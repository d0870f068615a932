import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { type Account, PASSWORD, signUp } from '../support/fixtures.js';
import { operate } from '../support/operate.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld({ env: { WORKER: 'off' } });
});
afterAll(() => world.close());

const erase = ({ token }: Account) => operate(world.server, 'Mutation.eraseBuyer', {}, token);
const erased = { errors: [], data: { eraseBuyer: { accountErased: true } } };
const unauthenticated = [{ extensions: { code: 'UNAUTHENTICATED' } }];

/** How many rows of these tables there are of the account. */
async function left({ userId }: Account): Promise<unknown> {
  const { rows } = await world.database.pool.query(
    `select (select count(*)::int from refresh_token where user_id = $1) as sessions,
       (select count(*)::int from orders where buyer_id = $1 and erased_at is null) as orders`,
    [userId],
  );
  return rows[0];
}

/**
 * What comes of works that begin, one after the other, while a statement keeps them waiting; each waits before the
 * next one begins, and all before `meanwhile` does.
 */
async function heldUp<Works extends readonly (() => Promise<unknown>)[]>(
  lock: { readonly text: string; readonly values?: unknown[] },
  works: readonly [...Works],
  meanwhile: () => Promise<void> = async () => undefined,
): Promise<{ [Index in keyof Works]: Awaited<ReturnType<Works[Index]>> }> {
  const client = await world.database.pool.connect();
  try {
    await client.query('begin');
    await client.query(lock.text, lock.values);
    const begun: Promise<unknown>[] = [];
    for (const work of works) {
      begun.push(work());
      await eventually('it waits', async () => {
        const { rowCount } = await world.database.pool.query(
          `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
        );
        return rowCount === begun.length;
      });
    }
    await meanwhile();
    await client.query('commit');
    return (await Promise.all(begun)) as { [Index in keyof Works]: Awaited<ReturnType<Works[Index]>> };
  } finally {
    await client.query('rollback');
    client.release();
  }
}

// Whoever was about to sign in, or held an access token, went on for 15 minutes or for ever.
describe('an account that is erased', () => {
  const ofAccount = ({ userId }: Account) => ({
    text: 'select from app_user where id = $1 for update',
    values: [userId],
  });

  it('signs nobody in who was about to', async () => {
    const buyer = await signUp(world.server);
    const input = { email: buyer.email, password: PASSWORD };
    const signIn = () => operate(world.server, 'Mutation.signIn', { input });
    const [erasure, ...sessions] = await heldUp(ofAccount(buyer), [() => erase(buyer), signIn, signIn]);
    expect(erasure).toMatchObject(erased);
    for (const { errors } of sessions) expect(errors).toMatchObject(unauthenticated);
    expect(await left(buyer)).toEqual({ sessions: 0, orders: 0 });
  });

  it('exchanges no refresh token that was about to be', async () => {
    const buyer = await signUp(world.server);
    const { refreshToken } = buyer;
    const refresh = () => operate(world.server, 'Mutation.refreshSession', { refreshToken });
    const [erasure, session] = await heldUp(ofAccount(buyer), [() => erase(buyer), refresh]);
    expect(erasure).toMatchObject(erased);
    expect(session.errors).toMatchObject(unauthenticated);
    expect(await left(buyer)).toEqual({ sessions: 0, orders: 0 });
  });

  it('leaves no session of many that sign in at once', async () => {
    const buyer = await signUp(world.server);
    const input = { email: buyer.email, password: PASSWORD };
    const begun = Array.from({ length: 12 }, () => operate(world.server, 'Mutation.signIn', { input }));
    await begun[0];
    expect(await erase(buyer)).toMatchObject(erased);
    for (const { data } of await Promise.all(begun)) {
      const refreshToken = (data?.signIn as { refreshToken: string } | undefined)?.refreshToken;
      if (refreshToken === undefined) continue;
      const { errors } = await operate(world.server, 'Mutation.refreshSession', { refreshToken });
      expect(errors).toMatchObject(unauthenticated);
    }
    expect(await left(buyer)).toEqual({ sessions: 0, orders: 0 });
  });
});
