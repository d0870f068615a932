import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { type PublishedShow, purchase, tryPurchase } from '../support/fixtures.js';
import { expectData, graphql } from '../support/graphql-client.js';
import { send } from '../support/http.js';
import { watch } from '../support/inventory-watch.js';
import { metric } from '../support/metrics.js';
import { closeGate } from '../support/order-gate.js';
import { mailsAbout, settlesAs } from '../support/order-life.js';
import { sessionIn } from '../support/stripe.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
let show: PublishedShow;
beforeAll(async () => {
  world = await startWorld();
  ({ show } = await world.sell({
    tickets: [{ quantity: 100 }, { price: 2500, quantity: 100 }, { quantity: 0 }],
  }));
});
afterAll(async () => world.close());

const cart = (index: number) => ({
  showId: show.id,
  items: [{ ticketId: show.tickets[index]!.id, quantity: 1 }],
});
const read = (name: string, labels?: Record<string, string>) => metric(world.server, name, labels);

/** By how much a metric rises while something is done. */
async function rise(name: string, labels: Record<string, string>, work: () => Promise<unknown>) {
  const before = await read(name, labels);
  await work();
  return (await read(name, labels)) - before;
}

describe('/metrics', () => {
  it('is in the text format of Prometheus, each metric with its help and type', async () => {
    const answer = await send(world.server, '/metrics');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toContain('text/plain');
    for (const name of [
      'boxoffice_http_request_seconds',
      'boxoffice_graphql_operation_seconds',
      'boxoffice_purchases_total',
      'boxoffice_orders_settled_total',
      'boxoffice_lock_wait_seconds',
      'boxoffice_lock_hold_seconds',
      'boxoffice_lock_contention_total',
      'boxoffice_lock_failures_total',
      'boxoffice_redis_available',
      'boxoffice_jobs_total',
      'boxoffice_subscribers',
      'boxoffice_websockets',
      'boxoffice_shared_executions_total',
      'boxoffice_shared_deliveries_total',
      'boxoffice_shared_deferrals_total',
      'boxoffice_webhooks_total',
      'boxoffice_stripe_request_seconds',
      'boxoffice_payment_alarms_total',
      'process_cpu_seconds_total',
      'nodejs_eventloop_lag_seconds',
    ]) {
      expect(answer.text).toMatch(new RegExp(`^# HELP ${name} \\S`, 'm'));
      expect(answer.text).toMatch(new RegExp(`^# TYPE ${name} (counter|gauge|histogram)$`, 'm'));
    }
  });

  it('counts requests by route and status, not by address', async () => {
    const labels = { route: '/checkout/success', status: '404', method: 'GET' };
    const path = '/checkout/success?session_id=cs_nobody';
    expect(await rise('boxoffice_http_request_seconds_count', labels, () => send(world.server, path))).toBe(
      1,
    );
    const unknown = { route: 'unknown', status: '404' };
    const stray = () => Promise.all([send(world.server, '/wp-admin'), send(world.server, '/.env')]);
    expect(await rise('boxoffice_http_request_seconds_count', unknown, stray)).toBe(2);
    expect((await send(world.server, '/metrics')).text).not.toContain('wp-admin');
  });

  it('counts operations by kind and outcome', async () => {
    const name = 'boxoffice_graphql_operation_seconds_count';
    const query = () => graphql(world.server, '{ viewer { id } }');
    expect(await rise(name, { type: 'query', outcome: 'success' }, query)).toBe(1);
    const failure = () => tryPurchase(world.server, cart(2));
    expect(await rise(name, { type: 'mutation', outcome: 'error' }, failure)).toBe(1);
  });

  it('counts purchases by outcome', async () => {
    const name = 'boxoffice_purchases_total';
    expect(await rise(name, { outcome: 'CONFIRMED' }, () => purchase(world.server, cart(0)))).toBe(1);
    expect(await rise(name, { outcome: 'PENDING' }, () => purchase(world.server, cart(1)))).toBe(1);
    expect(await rise(name, { outcome: 'SOLD_OUT' }, () => tryPurchase(world.server, cart(2)))).toBe(1);
    const malformed = () => tryPurchase(world.server, { ...cart(0), showId: 'x' });
    expect(await rise(name, { outcome: 'BAD_USER_INPUT' }, malformed)).toBe(1);
  });

  it('measures how long locks are waited for and held, and counts those who had to wait', async () => {
    const before = {
      wait: await read('boxoffice_lock_wait_seconds_count'),
      hold: await read('boxoffice_lock_hold_seconds_count'),
      held: await read('boxoffice_lock_hold_seconds_sum'),
    };
    {
      await using gate = await closeGate(world.database, show.id);
      // Who has to pay is answered after the release, so each has a hold of its own.
      const first = tryPurchase(world.server, cart(1));
      await gate.waiting();
      const second = tryPurchase(world.server, cart(1));
      await eventually('the second purchase waits', async () => {
        return (await read('boxoffice_purchases_waiting')) === 1;
      });
      await gate.open();
      for (const answer of await Promise.all([first, second])) expectData(answer);
    }
    expect(await read('boxoffice_lock_wait_seconds_count')).toBe(before.wait + 2);
    expect(await read('boxoffice_lock_hold_seconds_count')).toBe(before.hold + 2);
    expect(await read('boxoffice_lock_hold_seconds_sum')).toBeGreaterThan(before.held);
  });

  it('counts what follows a payment: webhooks, settled orders, calls to Stripe and jobs', async () => {
    const bought = await purchase(world.server, cart(1));
    const jobs = { task: 'send-order-confirmation', outcome: 'success' };
    const before = {
      webhooks: await read('boxoffice_webhooks_total', { endpoint: 'platform', outcome: 'applied' }),
      settled: await read('boxoffice_orders_settled_total', { status: 'CONFIRMED' }),
      stripe: await read('boxoffice_stripe_request_seconds_count', { outcome: 'success' }),
      jobs: await read('boxoffice_jobs_total', jobs),
    };
    await world.stripe.pay(sessionIn(bought.checkoutUrl));
    await settlesAs(world, bought.order.id, 'CONFIRMED', 'PAID');
    await world.stripe.webhooks.idle();
    await mailsAbout(world, bought.order.id, 'confirmation');
    expect(await read('boxoffice_webhooks_total', { endpoint: 'platform', outcome: 'applied' })).toBe(
      before.webhooks + 1,
    );
    expect(await read('boxoffice_orders_settled_total', { status: 'CONFIRMED' })).toBe(before.settled + 1);
    expect(await read('boxoffice_stripe_request_seconds_count', { outcome: 'success' })).toBeGreaterThan(
      before.stripe,
    );
    expect(await read('boxoffice_jobs_total', jobs)).toBeGreaterThan(before.jobs);
  });

  it('shows who watches now, and over how many connections', async () => {
    const watchers = [watch(world.server, show.id), watch(world.server, show.id)];
    for (const watcher of watchers) await watcher.next();
    expect(await read('boxoffice_subscribers', { field: 'inventoryChanged' })).toBe(2);
    expect(await read('boxoffice_websockets')).toBe(2);
    await Promise.all(watchers.map((watcher) => watcher.close()));
    await eventually('nobody watches', async () => (await read('boxoffice_websockets')) === 0);
    expect(await read('boxoffice_subscribers', { field: 'inventoryChanged' })).toBe(0);
  });

  it('shows whether Redis is there', async () => {
    const present = world.redis === undefined ? 0 : 1;
    expect(await read('boxoffice_redis_available', { use: 'locks' })).toBe(present);
    expect(await read('boxoffice_redis_available', { use: 'events' })).toBe(present);
  });
});

describe('/health', () => {
  it('says that the process lives, and that it is ready with all it stands on', async () => {
    const live = await send(world.server, '/health/live');
    expect(live.status).toBe(200);
    expect(JSON.parse(live.text)).toEqual({ status: 'ok' });
    const ready = await send(world.server, '/health/ready');
    expect(ready.status).toBe(200);
    expect(JSON.parse(ready.text)).toEqual({
      status: 'ready',
      checks: { process: 'ok', database: 'ok', locks: 'ok', events: 'ok' },
    });
  });
});
