import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { FaultRule } from '../../dev/stripe/index.js';
import { eventually } from '../support/eventually.js';
import { orderReaches, type PublishedShow, purchase, tryPurchase, uniqueEmail } from '../support/fixtures.js';
import { expectData, expectError } from '../support/graphql-client.js';
import { metric } from '../support/metrics.js';
import { counters, makeDue, settlesAs, storedOrder } from '../support/order-life.js';
import { sessionIn } from '../support/stripe.js';
import { startWorld, type World } from '../support/world.js';
import { clientOf } from './local-stripe-support.js';

let world: World;
let show: PublishedShow;
beforeAll(async () => {
  world = await startWorld();
  ({ show } = await world.sell({ tickets: [{ price: 2500, quantity: 5 }] }));
});
afterEach(() => world.stripe.faults.clear());
afterAll(async () => world.close());

const CREATE = { method: 'POST', path: '/v1/checkout/sessions' } as const;
/** Sells out, so that a hold that stays behind shows at once. */
const everything = () => [{ ticketId: show.tickets[0]!.id, quantity: 5 }];
const ticketCounters = () => counters(world, show.tickets[0]!.id);

async function orderOf(email: string): Promise<string> {
  const { rows } = await world.database.pool.query('select id from orders where email = $1', [email]);
  expect(rows).toHaveLength(1);
  return rows[0].id;
}

async function sessionsOf(orderId: string) {
  const { data } = await clientOf(world.stripe).checkout.sessions.list({ limit: 100 });
  return data.filter(({ client_reference_id }) => client_reference_id === orderId);
}

/** Gives the tickets of an order back that was paid for or not, for the next test. */
async function giveBack(orderId: string, sessionId: string): Promise<void> {
  await world.stripe.expireSession(sessionId);
  await settlesAs(world, orderId, 'EXPIRED', 'UNPAID');
}

describe('when Stripe fails while the page to pay on is made', () => {
  it.each<{ what: string; fault: FaultRule; retryAfterMs: unknown }>([
    { what: 'does not answer', fault: { kind: 'stall' }, retryAfterMs: expect.any(Number) },
    { what: 'answers 500', fault: { kind: 'error' }, retryAfterMs: expect.any(Number) },
    { what: 'answers 503', fault: { kind: 'error', status: 503 }, retryAfterMs: expect.any(Number) },
    { what: 'resets connections', fault: { kind: 'reset' }, retryAfterMs: expect.any(Number) },
    {
      what: 'limits the rate and says for how long',
      fault: { kind: 'error', status: 429, retryAfterSeconds: 7 },
      retryAfterMs: 7000,
    },
    {
      what: 'is down and says for how long',
      fault: { kind: 'error', status: 503, retryAfterSeconds: 30 },
      retryAfterMs: 30_000,
    },
  ])('($what) holds nothing, and leaves the idempotency key free', async ({ fault, retryAfterMs }) => {
    const email = uniqueEmail('unlucky');
    const input = { showId: show.id, items: everything(), email, idempotencyKey: randomUUID() };
    const outcome = { outcome: 'PAYMENT_PROVIDER_UNAVAILABLE' };
    const before = await metric(world.server, 'boxoffice_purchases_total', outcome);
    await world.stripe.faults.add({ ...fault, match: CREATE });
    const failure = expectError(await tryPurchase(world.server, input), 'PAYMENT_PROVIDER_UNAVAILABLE');
    expect(failure.extensions?.retryAfterMs).toEqual(retryAfterMs);
    expect(await metric(world.server, 'boxoffice_purchases_total', outcome)).toBe(before + 1);
    expect(await ticketCounters()).toEqual({ quantity: 5, held: 0, sold: 0 });
    const failed = await orderOf(email);
    expect(await storedOrder(world, failed)).toMatchObject({
      status: 'CANCELLED',
      payment_status: 'UNPAID',
      idempotency_key: null,
    });

    await world.stripe.faults.clear();
    const bought = await purchase(world.server, input);
    expect(bought.order).toMatchObject({ status: 'PENDING' });
    expect(bought.order.id).not.toBe(failed);
    const again = await purchase(world.server, input);
    expect(again).toEqual(bought);
    await giveBack(bought.order.id, sessionIn(bought.checkoutUrl));
  });

  it.each<{ what: string; fault: FaultRule }>([
    { what: 'a reset connection', fault: { kind: 'reset', times: 2 } },
    { what: 'an answer of 500', fault: { kind: 'error', times: 2 } },
    {
      what: 'a rate limit of a second',
      fault: { kind: 'error', status: 429, retryAfterSeconds: 1, times: 1 },
    },
    { what: 'an answer that was lost', fault: { kind: 'reply-lost', times: 2 } },
  ])('tries again after $what, and makes one session', async ({ fault }) => {
    await world.stripe.faults.add({ ...fault, match: CREATE });
    const bought = await purchase(world.server, { showId: show.id, items: everything() });
    expect(await sessionsOf(bought.order.id)).toHaveLength(1);
    await giveBack(bought.order.id, sessionIn(bought.checkoutUrl));
  });
});

/** The session is made, its answer is lost, and Stripe is away when asked again. */
async function loseTheAnswer(): Promise<void> {
  await world.stripe.faults.add({ kind: 'reply-lost', match: CREATE, times: 1 });
  await world.stripe.faults.add({ kind: 'reset', match: CREATE });
}

describe('a session that came to exist although its answer was lost', () => {
  it('is expired by the background, so that nobody can pay for tickets that were given back', async () => {
    const email = uniqueEmail('unlucky');
    const input = { showId: show.id, items: everything(), email, idempotencyKey: randomUUID() };
    await loseTheAnswer();
    expectError(await tryPurchase(world.server, input), 'PAYMENT_PROVIDER_UNAVAILABLE');
    expect(await ticketCounters()).toEqual({ quantity: 5, held: 0, sold: 0 });
    await world.stripe.faults.clear();
    const failed = await orderOf(email);
    expect(await sessionsOf(failed)).toMatchObject([{ status: 'open' }]);

    const second = await purchase(world.server, input);
    await makeDue(world, failed);
    await eventually('the stray session has expired', async () =>
      (await sessionsOf(failed)).every(({ status }) => status === 'expired'),
    );
    await eventually('nothing is left to ask', async () => {
      return (await storedOrder(world, failed)).check_at === null;
    });
    expect(await storedOrder(world, failed)).toMatchObject({ status: 'CANCELLED', payment_status: 'UNPAID' });
    await world.stripe.pay(sessionIn(second.checkoutUrl));
    await orderReaches(world.server, second, 'CONFIRMED');
    expect(await ticketCounters()).toEqual({ quantity: 5, held: 0, sold: 5 });
  });

  it('is looked for again later while Stripe is still away', async () => {
    const { show: other } = await world.sell({ tickets: [{ price: 2500, quantity: 5 }] });
    const email = uniqueEmail('unlucky');
    const items = [{ ticketId: other.tickets[0]!.id, quantity: 1 }];
    await loseTheAnswer();
    expectError(
      await tryPurchase(world.server, { showId: other.id, items, email }),
      'PAYMENT_PROVIDER_UNAVAILABLE',
    );
    const failed = await orderOf(email);
    await world.stripe.faults.clear();
    await world.stripe.faults.add({ kind: 'error', status: 503 });
    await makeDue(world, failed);
    await world.server.waitForLog(
      ({ orderId, msg }) => orderId === failed && String(msg).includes('could not be looked after'),
    );
    await world.stripe.faults.clear();
    expect(await sessionsOf(failed)).toMatchObject([{ status: 'open' }]);
    await makeDue(world, failed);
    await eventually('the stray session has expired', async () =>
      (await sessionsOf(failed)).every(({ status }) => status === 'expired'),
    );
  });
});

describe('when Stripe fails while a payment is asked about', () => {
  it('says so on the page that the buyer comes back to, which asks again', async () => {
    const { show: other } = await world.sell({ tickets: [{ price: 2500, quantity: 5 }] });
    const items = [{ ticketId: other.tickets[0]!.id, quantity: 1 }];
    const bought = expectData(await tryPurchase(world.server, { showId: other.id, items })).purchaseTickets;
    const page = `${world.server.url}/checkout/success?session_id=${sessionIn(bought.checkoutUrl)}`;
    await world.stripe.faults.add({ kind: 'error', status: 503, match: { method: 'GET' } });
    const away = await fetch(page);
    expect(away.status).toBe(503);
    expect(away.headers.get('retry-after')).not.toBeNull();
    expect(await away.text()).toContain('your order is safe');
    await world.stripe.faults.clear();
    expect((await fetch(page)).status).toBe(200);
  });
});
