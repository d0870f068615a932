import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { eventually } from '../support/eventually.js';
import { type PublishedShow, purchase, tryPurchase } from '../support/fixtures.js';
import { expectError } from '../support/graphql-client.js';
import { counters, settlesAs } from '../support/order-life.js';
import { traces } from '../support/row-counts.js';
import { sessionIn } from '../support/stripe.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
let show: PublishedShow;
beforeAll(async () => {
  world = await startWorld();
  ({ show } = await world.sell({ tickets: [{ price: 2500, quantity: 10 }, { quantity: 50 }] }));
  await world.database.pool.query(`create function refuse() returns trigger language plpgsql as
    $$ begin raise exception 'could not extend file "base/5/16384": No space left on device'; end $$`);
});
afterEach(() => breakOn(undefined));
afterAll(async () => world.close());

let broken: string | undefined;

/** From now on, no row can be written to this table. */
async function breakOn(table: string | undefined): Promise<void> {
  if (broken !== undefined) await world.database.pool.query(`drop trigger refuse on ${broken}`);
  broken = table;
  if (table === undefined) return;
  await world.database.pool.query(
    `create trigger refuse before insert or update on ${table} for each row execute function refuse()`,
  );
}

const PAID = 0;
const FREE = 1;
const cart = (index: number) => ({
  showId: show.id,
  items: [{ ticketId: show.tickets[index]!.id, quantity: 2 }],
  idempotencyKey: randomUUID(),
  email: `${randomUUID()}@example.com`,
});

describe('when the database fails while an order is made', () => {
  it.each([
    ['a paid order', PAID, 'orders'],
    ['a paid order', PAID, 'order_line'],
    ['a paid order', PAID, 'ticket'],
    ['a free order', FREE, 'orders'],
    ['a free order', FREE, 'order_line'],
    ['a free order', FREE, 'attendee'],
    ['a free order', FREE, 'ticket'],
    ['a free order', FREE, 'graphile_worker._private_jobs'],
  ])('leaves nothing of %s (item %i) half-made: %s', async (_what, item, table) => {
    const input = cart(item);
    const before = await traces(world);
    const sessions = await world.stripe.requests({ path: '/v1/checkout/sessions' });
    await breakOn(table);
    const failure = expectError(await tryPurchase(world.server, input), 'INTERNAL_SERVER_ERROR');
    expect(failure.message).toBe('Internal server error');
    expect(JSON.stringify(failure)).not.toMatch(/space|trigger|refuse|insert|select/i);
    await breakOn(undefined);

    const { jobs: _after, ...after } = await traces(world);
    const { jobs: _before, ...unchanged } = before;
    expect(after).toEqual(unchanged);
    expect(await world.stripe.requests({ path: '/v1/checkout/sessions' })).toEqual(sessions);
    await expectNoLocks();

    const bought = await purchase(world.server, input);
    expect(bought.order.status).toBe(item === FREE ? 'CONFIRMED' : 'PENDING');
    if (item === FREE) return;
    await world.stripe.expireSession(sessionIn(bought.checkoutUrl));
    await settlesAs(world, bought.order.id, 'EXPIRED', 'UNPAID');
  });

  it('logs what failed under the request id that the buyer was told', async () => {
    await breakOn('orders');
    const failure = expectError(await tryPurchase(world.server, cart(FREE)), 'INTERNAL_SERVER_ERROR');
    const requestId = failure.extensions?.requestId;
    expect(requestId).toEqual(expect.any(String));
    const entry = await world.server.waitForLog(
      (line) => line.requestId === requestId && line.level === 'error',
    );
    expect(JSON.stringify(entry)).toContain('No space left on device');
  });
});

/** Purchases would wait for what another one has not released; Redis shows whether any lock is left. */
async function expectNoLocks(): Promise<void> {
  if (world.redis === undefined) return;
  const redis = new Redis(world.redis.url);
  try {
    expect(await redis.keys('lock:*')).toEqual([]);
  } finally {
    redis.disconnect();
  }
}

describe('when the database fails after the session was made', () => {
  it('gives up the order, and the session is expired before anybody could pay on it', async () => {
    const input = cart(PAID);
    const { pool } = world.database;
    await pool.query(`create trigger refuse before update of checkout_session_id on orders for each row
      when (new.checkout_session_id is not null and old.status = 'PENDING') execute function refuse()`);
    broken = 'orders';
    expectError(await tryPurchase(world.server, input), 'INTERNAL_SERVER_ERROR');
    expect(await counters(world, show.tickets[PAID]!.id)).toMatchObject({ held: 0 });
    await breakOn(undefined);
    const { rows } = await pool.query("select id from orders where email = $1 and status = 'CANCELLED'", [
      input.email,
    ]);
    expect(rows).toHaveLength(1);
    await pool.query('update orders set check_at = now() where id = $1', [rows[0].id]);
    await settlesAs(world, rows[0].id, 'CANCELLED', 'UNPAID');
    await eventually('the session has expired', async () =>
      (await world.stripe.events()).some(
        (event) =>
          event.type === 'checkout.session.expired' &&
          (event.data.object as { client_reference_id?: string }).client_reference_id === rows[0].id,
      ),
    );
    expect((await purchase(world.server, input)).order.id).not.toBe(rows[0].id);
  });
});
