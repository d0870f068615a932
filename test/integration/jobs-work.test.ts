import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type PublishedShow, purchase } from '../support/fixtures.js';
import { endHold, hurryJobs, jobsOf, mailsAbout, settlesAs } from '../support/order-life.js';
import type { TestServer } from '../support/server.js';
import { sessionIn } from '../support/stripe.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
let show: PublishedShow;
beforeAll(async () => {
  world = await startWorld({ env: { WORKER: 'off' } });
  ({ show } = await world.sell({ tickets: [{ quantity: 100 }, { price: 2500, quantity: 10 }] }));
});
afterAll(async () => world.close());

/** As `npm run work` starts it. */
const startWorker = (): Promise<TestServer> =>
  world.addServer({
    entry: 'dist/src/work.js',
    env: { WORKER: 'on' },
    isReady: ({ msg }) => msg === 'The worker is at work',
  });

const buy = (index: number) =>
  purchase(world.server, { showId: show.id, items: [{ ticketId: show.tickets[index]!.id, quantity: 1 }] });

describe('the worker in a process of its own', () => {
  it('does what the servers, which have none, leave to it', async () => {
    const free = await buy(0);
    const paid = await buy(1);
    const abandoned = await buy(1);
    await world.stripe.pay(sessionIn(paid.checkoutUrl));
    await settlesAs(world, paid.order.id, 'CONFIRMED', 'PAID');
    await endHold(world, abandoned.order.id);
    const mail = { task: 'send-order-confirmation', attempts: 0 };
    const transfer = { task: 'attribute-transfer', attempts: 0 };
    expect(await jobsOf(world, free.order.id)).toMatchObject([mail]);
    expect(await jobsOf(world, paid.order.id)).toMatchObject([mail, transfer]);
    const worker = await startWorker();
    for (const { order } of [free, paid]) {
      expect(await mailsAbout(world, order.id, 'confirmation')).toHaveLength(1);
    }
    await settlesAs(world, abandoned.order.id, 'EXPIRED', 'UNPAID');
    expect(readdirSync(world.server.mailDirectory)).toEqual([]);
    await expect(fetch(`${worker.url}/health/live`)).rejects.toThrow();
    expect(await worker.stop()).toEqual({ code: 0, signal: null });
  });

  it('writes once to each buyer of purchases that were made together, whichever worker is faster', async () => {
    const bought = await Promise.all(Array.from({ length: 30 }, () => buy(0)));
    const { rows } = await world.database.pool.query('select order_ids from confirmation_batch');
    expect(rows.length).toBeGreaterThan(0);
    const workers = await Promise.all([startWorker(), startWorker()]);
    for (const { order } of bought) {
      expect(await mailsAbout(world, order.id, 'confirmation')).toHaveLength(1);
    }
    expect((await world.database.pool.query('select from confirmation_batch')).rows).toEqual([]);
    for (const worker of workers) await worker.stop();
  });

  it('takes over the jobs of one that was killed, once they count as abandoned', async () => {
    const first = await startWorker();
    await first.kill();
    const bought = await buy(0);
    // As if it had died with the job in its hands, six minutes ago.
    await world.database.pool.query(
      `update graphile_worker._private_jobs set locked_by = 'the dead', locked_at = now() - interval '6 minutes'
       where payload->>'orderId' = $1`,
      [bought.order.id],
    );
    const second = await startWorker();
    await hurryJobs(world);
    expect(await mailsAbout(world, bought.order.id, 'confirmation')).toHaveLength(1);
    expect(await second.stop()).toEqual({ code: 0, signal: null });
  });
});
