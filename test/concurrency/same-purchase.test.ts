import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import {
  type Account,
  createPublishedShow,
  purchase,
  signUp,
  tryPurchase,
  uniqueEmail,
} from '../support/fixtures.js';
import { expectError } from '../support/graphql-client.js';
import { metric } from '../support/metrics.js';
import { closeGate } from '../support/order-gate.js';
import { hasRedis } from '../support/run.js';
import { startWorld, type World } from '../support/world.js';
import { countersOf, PATIENT, type Rush, rush, tally } from './rush.js';

const TIMES = 20;
/** Behind one load balancer; it is part of what Stripe is told, which must be the same every time. */
const PUBLIC_URL = 'http://boxoffice.example';

async function twoServers(): Promise<{ world: World; seller: Account }> {
  const world = await startWorld({ servers: hasRedis ? 2 : 1, env: { ...PATIENT, PUBLIC_URL } });
  return { world, seller: await signUp(world.server) };
}

/** One purchase of one ticket of a new show. */
async function onePurchase(world: World, seller: Account, ticket: { quantity: number; price?: number }) {
  const show = await createPublishedShow(world.server, seller.token, {
    tickets: [ticket],
    finishOnboarding: (url) => world.stripe.finishOnboarding(url),
  });
  const ticketId = show.tickets[0]!.id;
  const items = [{ ticketId, quantity: 1 }];
  return { ticketId, input: { showId: show.id, items, email: uniqueEmail(), idempotencyKey: randomUUID() } };
}

async function contentionAt({ servers }: World): Promise<number> {
  const counts = await Promise.all(
    servers.map((server) => metric(server, 'boxoffice_lock_contention_total')),
  );
  return counts.reduce((sum, count) => sum + count);
}

/** The same purchase, so often at once at every server: none has made its order when another is under way. */
async function sendAtOnce(world: World, seller: Account, ticket: { quantity: number; price?: number }) {
  const { ticketId, input } = await onePurchase(world, seller, ticket);
  const before = await contentionAt(world);
  await using gate = await closeGate(world.database, input.showId);
  const sending = rush(
    world.servers,
    Array.from({ length: TIMES }, () => input),
  );
  await gate.waiting();
  await eventually('another try waits for the lock', async () => (await contentionAt(world)) > before);
  await gate.open();
  return { outcome: await sending, counters: await countersOf(world.database.pool, ticketId) };
}

function ordersIn({ purchases }: Rush): Set<string> {
  return new Set(purchases.map(({ order }) => order.id));
}

describe(`one purchase that a client sends ${TIMES} times at once under one idempotency key`, () => {
  let world: World;
  let seller: Account;
  beforeAll(async () => {
    ({ world, seller } = await twoServers());
  });
  afterAll(() => world.close());

  it('makes one order, and every answer is that order', async () => {
    const { outcome, counters } = await sendAtOnce(world, seller, { quantity: 100 });
    expect(tally(outcome)).toEqual({ CONFIRMED: TIMES });
    expect(ordersIn(outcome).size).toBe(1);
    expect(counters).toEqual({ quantity: 100, held: 0, sold: 1 });
  });

  it('makes one order even of the last ticket', async () => {
    const { outcome, counters } = await sendAtOnce(world, seller, { quantity: 1 });
    expect(tally(outcome)).toEqual({ CONFIRMED: TIMES });
    expect(ordersIn(outcome).size).toBe(1);
    expect(counters).toEqual({ quantity: 1, held: 0, sold: 1 });
  });

  it('makes one Checkout Session where there is something to pay', async () => {
    const { outcome, counters } = await sendAtOnce(world, seller, { quantity: 100, price: 2500 });
    expect(tally(outcome)).toEqual({ PENDING: TIMES });
    expect(ordersIn(outcome).size).toBe(1);
    expect(new Set(outcome.purchases.map((purchase) => purchase.checkoutUrl)).size).toBe(1);
    expect(counters).toEqual({ quantity: 100, held: 1, sold: 0 });
  });

  it('is not given up where Stripe is still busy with it when it comes again', async () => {
    const { ticketId, input } = await onePurchase(world, seller, { quantity: 1, price: 2500 });
    const sessions = { method: 'POST', path: '/v1/checkout/sessions' };
    const before = (await world.stripe.requests(sessions)).length;
    await world.stripe.faults.add({ match: sessions, kind: 'stall', times: 1, stallMs: 3_000 });
    const first = purchase(world.server, input);
    await eventually(
      'Stripe is asked for a session',
      async () => (await world.stripe.requests(sessions)).length > before,
    );
    const again = await tryPurchase(world.servers.at(-1)!, input);
    if (again.errors.length > 0) expectError(again, 'PAYMENT_PROVIDER_UNAVAILABLE');

    const { order, checkoutUrl } = await first;
    expect(order.status).toBe('PENDING');
    expect(checkoutUrl).not.toBeNull();
    const atLast = await purchase(world.servers.at(-1)!, input);
    expect({ id: atLast.order.id, checkoutUrl: atLast.checkoutUrl }).toEqual({ id: order.id, checkoutUrl });
    expect(await countersOf(world.database.pool, ticketId)).toEqual({ quantity: 1, held: 1, sold: 0 });
  });
});

/** One key for two different carts, each on its way in another process: no ticket makes one wait for the other. */
async function twoCartsOfOneKey(world: World, seller: Account) {
  const show = await createPublishedShow(world.server, seller.token, {
    tickets: [{ quantity: 100 }, { quantity: 100 }],
  });
  const carts = show.tickets.map((ticket) => [{ ticketId: ticket.id, quantity: 1 }]);
  const who = { showId: show.id, email: uniqueEmail(), idempotencyKey: randomUUID() };
  await using gate = await closeGate(world.database, show.id);
  const sending = carts.map((items, index) => tryPurchase(world.servers[index]!, { ...who, items }));
  await gate.waiting(2);
  await gate.open();
  return Promise.all(sending);
}

(hasRedis ? describe : describe.skip)('one key for two different purchases at once', () => {
  it('makes one order, and the other is told that the key was used', async () => {
    const { world, seller } = await twoServers();
    try {
      const answers = await twoCartsOfOneKey(world, seller);
      expect(answers.filter((answer) => answer.errors.length === 0)).toHaveLength(1);
      const refused = answers.find((answer) => answer.errors.length > 0)!;
      expectError(refused, 'IDEMPOTENCY_KEY_REUSED');
    } finally {
      await world.close();
    }
  });

  it('would make two without the database’s rule that a key is used once', async () => {
    const { world, seller } = await twoServers();
    try {
      await world.database.pool.query('drop index orders_idempotency');
      const answers = await twoCartsOfOneKey(world, seller);
      expect(answers.filter((answer) => answer.errors.length === 0)).toHaveLength(2);
    } finally {
      await world.close();
    }
  });
});
