import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type PublishedShow, purchase, tryPurchase } from '../support/fixtures.js';
import { expectData } from '../support/graphql-client.js';
import { metric } from '../support/metrics.js';
import {
  completeCheckout,
  counters,
  createCheckout,
  type GivenUp,
  settlesAs,
} from '../support/order-life.js';
import { hasRedis } from '../support/run.js';
import { sessionIn } from '../support/stripe.js';
import { startWorld, type World } from '../support/world.js';

const PER_SECOND = 3;
const CREATE = { method: 'POST', path: '/v1/checkout/sessions' };
let world: World;
let show: PublishedShow;

const items = (quantity = 1) => [{ ticketId: show.tickets[0]!.id, quantity }];

async function startPaced(servers: number): Promise<void> {
  world = await startWorld({ servers, env: { STRIPE_REQUESTS_PER_SECOND: String(PER_SECOND) } });
  ({ show } = await world.sell({ tickets: [{ price: 2500, quantity: 400, maxPerOrder: 100 }] }));
}

/** However busy the machine is, so many requests below the rate cannot have come in less time. */
async function expectSpreadOut(from: number): Promise<void> {
  const times = (await world.stripe.requests()).slice(from).map(({ at }) => at);
  const spanMs = Math.max(...times) - Math.min(...times);
  expect(spanMs).toBeGreaterThanOrEqual((times.length / PER_SECOND - 2) * 1_000);
}

describe('more buyers at once than Stripe may be asked for', () => {
  beforeAll(() => startPaced(1));
  afterEach(() => world.stripe.faults.clear());
  afterAll(() => world.close());

  it('get their page one after the other, or are told at once when to ask again, with nothing held', async () => {
    const before = (await world.stripe.requests(CREATE)).length;
    const all = (await world.stripe.requests()).length;
    const answers = await Promise.all(
      Array.from({ length: 60 }, () => tryPurchase(world.server, { showId: show.id, items: items() })),
    );
    const refused = answers.flatMap(({ errors }) => errors ?? []);
    const served = answers.flatMap(({ data }) => data?.purchaseTickets ?? []);
    expect(refused.length + served.length).toBe(60);
    expect(served.length).toBeGreaterThan(PER_SECOND);
    expect(refused.length).toBeGreaterThan(0);
    for (const { extensions } of refused) {
      expect(extensions).toMatchObject({
        code: 'PAYMENT_PROVIDER_UNAVAILABLE',
        retryAfterMs: expect.any(Number),
        orderId: expect.any(String),
        accessToken: expect.any(String),
      });
    }
    // Whoever was refused has cost Stripe nothing, so that nothing has to be looked for afterwards.
    expect(await world.stripe.requests(CREATE)).toHaveLength(before + served.length);
    const { rows } = await world.database.pool.query(
      "select count(*)::int as given_up, count(check_at)::int as to_check from orders where status = 'CANCELLED'",
    );
    expect(rows[0]).toEqual({ given_up: refused.length, to_check: 0 });
    expect(await counters(world, show.tickets[0]!.id)).toMatchObject({ held: served.length });
    await expectSpreadOut(all);

    const [first] = refused;
    const again = await createCheckout(world.server, first!.extensions as unknown as GivenUp);
    expect(expectData(again).createCheckout.order.status).toBe('PENDING');
    expect(await metric(world.server, 'boxoffice_stripe_not_asked_total', { priority: 'buyer' })).toBe(
      refused.length,
    );
    expect(
      await metric(world.server, 'boxoffice_stripe_wait_seconds_count', { priority: 'buyer' }),
    ).toBeGreaterThanOrEqual(served.length);
    expect(await metric(world.server, 'boxoffice_stripe_waiting', { priority: 'buyer' })).toBe(0);
  });

  it('go before what the background asks', async () => {
    const bought = [];
    for (let index = 0; index < 6; index += 1) {
      bought.push(await purchase(world.server, { showId: show.id, items: items() }));
    }
    const ids = bought.map(({ order }) => order.id);
    const stalled = await world.stripe.faults.add({
      kind: 'stall',
      stallMs: 1_500,
      match: { method: 'GET' },
    });
    await world.database.pool.query('update orders set check_at = now() where id = any ($1::uuid[])', [ids]);
    await world.stripe.faults.whenStruck(stalled.id);
    const from = (await world.stripe.requests()).length;
    await Promise.all(
      Array.from({ length: 6 }, () => purchase(world.server, { showId: show.id, items: items() })),
    );
    const made = (await world.stripe.requests()).slice(from).map(({ method }) => method);
    // One of ten turns is the background's; its checks alone would have had more by now.
    expect(made.filter((method) => method === 'GET').length).toBeLessThanOrEqual(3);
    expect(made.filter((method) => method === 'POST')).toHaveLength(6);
    for (const { checkoutUrl, order } of bought) {
      await world.stripe.faults.clear();
      await world.stripe.expireSession(sessionIn(checkoutUrl));
      await settlesAs(world, order.id, 'EXPIRED', 'UNPAID');
    }
  });

  it('are served although Stripe limits the rate without saying for how long', async () => {
    await world.stripe.faults.add({ kind: 'error', status: 429, times: 4, match: CREATE });
    const { order, checkoutUrl } = await purchase(world.server, { showId: show.id, items: items() });
    expect(order.status).toBe('PENDING');
    expect(expectData(await completeCheckout(world.server, sessionIn(checkoutUrl)))).toBeDefined();
  });
});

(hasRedis ? describe : describe.skip)('two processes', () => {
  beforeAll(() => startPaced(2));
  afterAll(() => world.close());

  it('keep to the rate together', async () => {
    const all = (await world.stripe.requests()).length;
    const answers = await Promise.all(
      Array.from({ length: 24 }, (_, index) =>
        tryPurchase(world.servers[index % 2]!, { showId: show.id, items: items() }),
      ),
    );
    const served = answers.filter(({ data }) => data?.purchaseTickets != null);
    expect(served.length).toBeGreaterThan(PER_SECOND);
    await expectSpreadOut(all);
    expect(await counters(world, show.tickets[0]!.id)).toMatchObject({ held: served.length });
  });
});
