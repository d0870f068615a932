import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { purchase, readOrder } from '../support/fixtures.js';
import { send } from '../support/http.js';
import { completeCheckout } from '../support/order-life.js';
import { sessionIn } from '../support/stripe.js';
import { startWorld, type World } from '../support/world.js';

const CONNECTIONS = 8;
const ORDERS = 12;
/** How many of them settle at a time: a quarter of the connections. */
const PLACES = 2;

let world: World;
beforeAll(async () => {
  world = await startWorld({ env: { DATABASE_POOL_SIZE: String(CONNECTIONS), WORKER: 'off' } });
});
afterAll(() => world.close());

/** How many transactions wait for a row that another one has locked. */
async function waiting(): Promise<number> {
  const { rowCount } = await world.database.pool.query(
    `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
  );
  return rowCount ?? 0;
}

describe('paid orders that all wait for the same ticket', () => {
  it('leave connections for whoever reads, and the process is ready', async () => {
    const { show } = await world.sell({ tickets: [{ price: 2_500, quantity: 2 * ORDERS }] });
    const ticketId = show.tickets[0]!.id;
    const bought = await Promise.all(
      Array.from({ length: ORDERS }, () =>
        purchase(world.server, { showId: show.id, items: [{ ticketId, quantity: 1 }] }),
      ),
    );
    const row = await world.database.pool.connect();
    await row.query('begin');
    await row.query('select from ticket where id = $1 for update', [ticketId]);
    let settled = 0;
    let completed: Promise<unknown>;
    try {
      for (const { checkoutUrl } of bought) await world.stripe.pay(sessionIn(checkoutUrl));
      completed = Promise.all(
        bought.map(async ({ checkoutUrl }) => {
          await completeCheckout(world.server, sessionIn(checkoutUrl));
          settled += 1;
        }),
      );
      await eventually('some of them wait for the ticket', async () => (await waiting()) >= 4);
      await delay(500);
      const [order, ready] = await Promise.all([
        readOrder(world.server, bought[0]!),
        send(world.server, '/health/ready'),
      ]);
      expect(order.status).toBe('PENDING');
      expect(ready.status).toBe(200);
      expect(settled).toBe(0);
    } finally {
      await row.query('rollback');
      row.release();
    }
    await completed;
    await eventually('all of them are confirmed', async () => {
      const orders = await Promise.all(bought.map((one) => readOrder(world.server, one)));
      return orders.every(({ status }) => status === 'CONFIRMED');
    });
  });

  it('and whose turn does not come are asked to wait, not told that there is no such order', async () => {
    const { show } = await world.sell({ tickets: [{ price: 2_500, quantity: PLACES + 1 }] });
    const items = [{ ticketId: show.tickets[0]!.id, quantity: 1 }];
    const bought = await Promise.all(
      Array.from({ length: PLACES + 1 }, () => purchase(world.server, { showId: show.id, items })),
    );
    await world.stripe.webhooks.pause();
    const pages = bought.map(({ checkoutUrl }) => `/checkout/success?session_id=${sessionIn(checkoutUrl)}`);
    const row = await world.database.pool.connect();
    await row.query('begin');
    await row.query('select from ticket where id = $1 for update', [items[0]!.ticketId]);
    try {
      for (const { checkoutUrl } of bought) await world.stripe.pay(sessionIn(checkoutUrl));
      const answers = await Promise.all(pages.map((page) => send(world.server, page)));
      const statuses = answers.map(({ status }) => status);
      expect(statuses).toContain(503);
      expect(statuses).not.toContain(404);
    } finally {
      await row.query('rollback');
      row.release();
      await world.stripe.webhooks.resume();
    }
    for (const page of pages) expect((await send(world.server, page)).status).toBe(200);
  });
});
