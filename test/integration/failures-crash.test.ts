import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  orderReaches,
  type PublishedShow,
  type PurchaseInput,
  purchase,
  signUp,
  tryPurchase,
} from '../support/fixtures.js';
import { type CallOptions, expectData } from '../support/graphql-client.js';
import {
  checkInVain,
  counters,
  createCheckout,
  endHold,
  mailsAbout,
  makeDue,
  settlesAs,
  storedOrder,
} from '../support/order-life.js';
import type { TestServer } from '../support/server.js';
import { sessionIn } from '../support/stripe.js';
import { startWorld, type World } from '../support/world.js';
import { clientOf } from './local-stripe-support.js';

let world: World;
let show: PublishedShow;
let server: TestServer;
beforeAll(async () => {
  world = await startWorld();
  ({ server } = world);
  ({ show } = await world.sell({ tickets: [{ price: 2500, quantity: 4 }] }));
});
afterEach(() => world.stripe.faults.clear());
afterAll(async () => world.close());

const held = async () => (await counters(world, show.tickets[0]!.id)).held;
const newInput = () => ({
  showId: show.id,
  items: [{ ticketId: show.tickets[0]!.id, quantity: 4 }],
  email: `${randomUUID()}@example.com`,
  idempotencyKey: randomUUID(),
});

/** Kills the server between the commit of an order and the answer about its session; another one takes over. */
async function crashWhileBuying(
  input: PurchaseInput,
  afterEffect: boolean,
  options?: CallOptions,
): Promise<string> {
  const match = { method: 'POST', path: '/v1/checkout/sessions' };
  const stall = await world.stripe.faults.add({ kind: 'stall', afterEffect, match });
  const lost = tryPurchase(server, input, options).then(
    () => 'answered',
    () => 'lost',
  );
  await world.stripe.faults.whenStruck(stall.id);
  const { port } = server;
  await server.kill();
  expect(await lost).toBe('lost');
  await world.stripe.faults.clear();
  const { rows } = await world.database.pool.query('select id, status from orders where email = $1', [
    input.email,
  ]);
  expect(rows).toMatchObject([{ status: 'PENDING' }]);
  expect(await held()).toBe(4);
  server = await world.addServer({ port });
  return rows[0].id;
}

async function statusOfSession(orderId: string): Promise<string | null> {
  const { checkout_session_id: id } = await storedOrder(world, orderId);
  return (await clientOf(world.stripe).checkout.sessions.retrieve(id!)).status;
}

/** As if the crash had been so long ago that Stripe makes no session any more that could live long enough. */
async function age(orderId: string): Promise<void> {
  await world.database.pool.query(
    "update orders set created_at = created_at - interval '5 minutes' where id = $1",
    [orderId],
  );
}

describe('a server that dies between taking the tickets and making the page to pay on', () => {
  it('leaves an order that is given up once nobody can have its page', async () => {
    const input = newInput();
    const orderId = await crashWhileBuying(input, false);
    await age(orderId);
    await makeDue(world, orderId);
    await settlesAs(world, orderId, 'CANCELLED', 'UNPAID');
    expect(await held()).toBe(0);
    const second = await purchase(server, input);
    expect(second.order.id).not.toBe(orderId);
    await world.stripe.expireSession(sessionIn(second.checkoutUrl));
    await settlesAs(world, second.order.id, 'EXPIRED', 'UNPAID');
  });

  it('leaves an order that its buyer can still pay for by sending the purchase again', async () => {
    const input = newInput();
    const orderId = await crashWhileBuying(input, false);
    const again = await purchase(server, input);
    expect(again.order).toMatchObject({ id: orderId, status: 'PENDING' });
    await world.stripe.expireSession(sessionIn(again.checkoutUrl));
    await settlesAs(world, orderId, 'EXPIRED', 'UNPAID');
    expect(await held()).toBe(0);
  });

  it.each([
    ['just now', async () => undefined],
    ['so long ago that the hold begins anew', age],
  ] as const)('leaves an order that its buyer can ask the page of, if that was %s', async (_when, wait) => {
    const { token } = await signUp(server);
    const orderId = await crashWhileBuying(newInput(), false, { token });
    await wait(orderId);
    const page = expectData(await createCheckout(server, { orderId }, { token })).createCheckout;
    expect(page.order).toMatchObject({ id: orderId, status: 'PENDING' });
    expect(await held()).toBe(4);
    await world.stripe.expireSession(sessionIn(page.checkoutUrl));
    await settlesAs(world, orderId, 'EXPIRED', 'UNPAID');
    expect(await held()).toBe(0);
  });

  it('leaves an order whose hold ends when its time is over', async () => {
    const orderId = await crashWhileBuying(newInput(), false);
    await endHold(world, orderId);
    await settlesAs(world, orderId, 'EXPIRED', 'UNPAID');
    expect(await held()).toBe(0);
    expect(await statusOfSession(orderId)).toBe('expired');
  });
});

describe('a server that dies after the page was made, before its address was stored', () => {
  it('leaves a session that the next check finds, and that ends with the hold', async () => {
    const orderId = await crashWhileBuying(newInput(), true);
    await checkInVain(world, orderId);
    expect(await statusOfSession(orderId)).toBe('open');
    await endHold(world, orderId);
    await settlesAs(world, orderId, 'EXPIRED', 'UNPAID');
    expect(await statusOfSession(orderId)).toBe('expired');
    expect(await held()).toBe(0);
  });

  it('leaves the same session to the buyer, though show and ticket were renamed meanwhile', async () => {
    const input = newInput();
    const orderId = await crashWhileBuying(input, true);
    const { pool } = world.database;
    await pool.query("update show set title = title || ', renamed' where id = $1", [show.id]);
    await pool.query("update ticket set name = name || ', renamed' where show_id = $1", [show.id]);
    const again = await purchase(server, input);
    expect(again.order.id).toBe(orderId);
    const { data } = await clientOf(world.stripe).checkout.sessions.list({ limit: 100 });
    const own = data.filter(({ client_reference_id }) => client_reference_id === orderId);
    expect(own.map(({ id }) => id)).toEqual([sessionIn(again.checkoutUrl)]);
    await world.stripe.expireSession(sessionIn(again.checkoutUrl));
    await settlesAs(world, orderId, 'EXPIRED', 'UNPAID');
  });

  it('gives the tickets back when the session has ended by itself, where its id cannot be had any more', async () => {
    const orderId = await crashWhileBuying(newInput(), true);
    // As if another version of the server asked for it in other words.
    await world.database.pool.query("update orders set show_title = 'Another title' where id = $1", [
      orderId,
    ]);
    // Nor is it found where Stripe lists its sessions.
    await world.stripe.faults.add({ kind: 'error', match: { method: 'GET', path: 'checkout/sessions$' } });
    await endHold(world, orderId);
    await server.waitForLog(
      (entry) => entry.orderId === orderId && String(entry.msg).includes('could not be looked after'),
    );
    expect(await held()).toBe(4);
    await world.stripe.advanceExpiry(32 * 60);
    await world.database.pool.query(
      `update orders set created_at = created_at - interval '33 minutes', check_at = now(),
         expires_at = expires_at - interval '33 minutes' where id = $1`,
      [orderId],
    );
    await settlesAs(world, orderId, 'EXPIRED', 'UNPAID');
    expect(await held()).toBe(0);
  });

  it('leaves a session that is paid as any other once the buyer has sent the purchase again', async () => {
    const input = newInput();
    const orderId = await crashWhileBuying(input, true);
    const again = await purchase(server, input);
    expect(again.order.id).toBe(orderId);
    const sessions = await clientOf(world.stripe).checkout.sessions.list({ limit: 100 });
    const own = sessions.data.filter(({ client_reference_id }) => client_reference_id === orderId);
    expect(own.map(({ id }) => id)).toEqual([sessionIn(again.checkoutUrl)]);
    await world.stripe.pay(sessionIn(again.checkoutUrl));
    await orderReaches(server, again, 'CONFIRMED');
    expect(await mailsAbout(world, orderId, 'confirmation')).toHaveLength(1);
    expect(await counters(world, show.tickets[0]!.id)).toEqual({ quantity: 4, held: 0, sold: 4 });
  });
});
