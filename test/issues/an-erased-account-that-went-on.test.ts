import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import {
  type Account,
  availability,
  PASSWORD,
  type PublishedShow,
  signUp,
  tryPurchase,
} from '../support/fixtures.js';
import { expectData, expectError } from '../support/graphql-client.js';
import { metric } from '../support/metrics.js';
import { operate } from '../support/operate.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
let show: PublishedShow;
beforeAll(async () => {
  world = await startWorld({ env: { WORKER: 'off' } });
  ({ show } = await world.sell({ tickets: [{ quantity: 100 }] }));
});
afterAll(() => world.close());

const erase = ({ token }: Account) => operate(world.server, 'Mutation.eraseBuyer', {}, token);
const buy = (token?: string, idempotencyKey?: string) => {
  const items = [{ ticketId: show.tickets[0]!.id, quantity: 1 }];
  return tryPurchase(world.server, { showId: show.id, items, idempotencyKey }, { token });
};
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

  it('buys nothing with the access token that it still has', async () => {
    const buyer = await signUp(world.server);
    expectData(await buy(buyer.token, 'before it was erased'));
    expect(await erase(buyer)).toMatchObject(erased);
    const before = await availability(world.server, show.id);
    expectError(await buy(buyer.token), 'UNAUTHENTICATED');
    expectError(await buy(buyer.token, 'before it was erased'), 'UNAUTHENTICATED');
    expect(await availability(world.server, show.id)).toEqual(before);
    expect(await left(buyer)).toEqual({ sessions: 0, orders: 0 });
  });

  it('buys nothing that it was about to buy; whoever buys together with it does', async () => {
    const [buyer, other] = [await signUp(world.server), await signUp(world.server)];
    const ofTicket = { text: 'select from ticket where id = $1 for update', values: [show.tickets[0]!.id] };
    let behind: ReturnType<typeof buy>[] = [];
    const [first] = await heldUp(ofTicket, [() => buy()], async () => {
      behind = [buy(buyer.token), buy(), buy(other.token)];
      await eventually('they wait together', async () => {
        return (await metric(world.server, 'boxoffice_purchases_waiting')) >= behind.length;
      });
      expect(await erase(buyer)).toMatchObject(erased);
    });
    const [own, ...others] = await Promise.all(behind);
    expectError(own!, 'UNAUTHENTICATED');
    for (const answer of [first, ...others]) expectData(answer);
    expect(await left(buyer)).toEqual({ sessions: 0, orders: 0 });
  });

  it('is not erased over an order that is being made', async () => {
    const buyer = await signUp(world.server);
    const allOrders = { text: 'lock table orders in share mode' };
    const [bought, erasure] = await heldUp(allOrders, [() => buy(buyer.token), () => erase(buyer)]);
    const { order } = expectData(bought).purchaseTickets;
    expect(erasure.errors).toMatchObject([{ extensions: { code: 'CONFLICT', orderIds: [order.id] } }]);
    expect(await erase(buyer)).toMatchObject(erased);
    expect(await left(buyer)).toEqual({ sessions: 0, orders: 0 });
  });
});
