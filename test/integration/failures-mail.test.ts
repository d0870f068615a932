import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '../../dev/ports.js';
import { startSmtpSink } from '../../dev/smtp-sink.js';
import { eventually } from '../support/eventually.js';
import { type PublishedShow, type Purchase, purchase, readOrder } from '../support/fixtures.js';
import { metric } from '../support/metrics.js';
import { hurryJobs, jobsOf, mailsAbout, settlesAs } from '../support/order-life.js';
import { fromSetup } from '../support/run.js';
import type { TestServer } from '../support/server.js';
import { sessionIn } from '../support/stripe.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
let show: PublishedShow;
/** The servers that sell have no worker, so that the one with the broken mail has all the jobs. */
beforeAll(async () => {
  world = await startWorld({ env: { WORKER: 'off' } });
  ({ show } = await world.sell({ tickets: [{ quantity: 10 }, { price: 2500, quantity: 10 }] }));
});
afterAll(async () => world.close());

/** It takes jobs only: without Redis no second process may sell. */
async function serverWithWorker(env: Readonly<Record<string, string>>): Promise<TestServer> {
  return world.addServer({ env: { WORKER: 'on', ...env } });
}

async function buyFreeAndPaid(): Promise<Purchase[]> {
  const [free, paid] = show.tickets;
  const first = await purchase(world.server, {
    showId: show.id,
    items: [{ ticketId: free!.id, quantity: 2 }],
    name: 'Ada Lovelace',
  });
  const second = await purchase(world.server, {
    showId: show.id,
    items: [{ ticketId: paid!.id, quantity: 1 }],
  });
  await world.stripe.pay(sessionIn(second.checkoutUrl));
  await settlesAs(world, second.order.id, 'CONFIRMED', 'PAID');
  return [first, second];
}

async function expectConfirmedWithoutMail(worker: TestServer, orders: readonly Purchase[]): Promise<void> {
  for (const bought of orders) {
    await eventually('the job has failed and waits to be tried again', async () => {
      const [job] = await jobsOf(world, bought.order.id);
      return job !== undefined && job.attempts >= 1 && job.last_error !== null;
    });
    expect(await readOrder(world.server, bought)).toMatchObject({ status: 'CONFIRMED' });
    await worker.waitForLog(
      ({ orderId, msg }) => orderId === bought.order.id && String(msg).includes('is tried again later'),
    );
  }
  const failures = { task: 'send-order-confirmation', outcome: 'failure' };
  expect(await metric(worker, 'boxoffice_jobs_total', failures)).toBeGreaterThanOrEqual(2);
}

describe('a mail server that cannot be reached', () => {
  it('delays mail and nothing else; each mail arrives once when it is back', async () => {
    const port = await freePort();
    const worker = await serverWithWorker({ SMTP_URL: `smtp://127.0.0.1:${port}` });
    const orders = await buyFreeAndPaid();
    await expectConfirmedWithoutMail(worker, orders);

    const sink = await startSmtpSink(port);
    try {
      await hurryJobs(world);
      await eventually('the mails have arrived', () => sink.mails.length >= 2);
      for (const { order } of orders) {
        await eventually('no job is left', async () => (await jobsOf(world, order.id)).length === 0);
        const mails = sink.mails.filter((mail) => mail.includes(`<confirmation.${order.id}@`));
        expect(mails).toHaveLength(1);
        expect(mails[0]).toContain(`To: ${order.email}`);
        expect(mails[0]).toContain(order.reference);
      }
      const [first] = orders;
      const { attendees } = await readOrder(world.server, first!);
      const mail = sink.mails.find((text) => text.includes(first!.order.id))!;
      for (const { code } of attendees) expect(mail).toContain(code);
      expect(mail).toContain('Hello Ada Lovelace');
    } finally {
      await worker.stop();
      await sink.close();
    }
  });
});

describe('a mail directory that cannot be written', () => {
  it('delays mail and nothing else', async () => {
    const obstacle = join(fromSetup('TEST_DIRECTORY'), `not-a-directory-${process.pid}`);
    writeFileSync(obstacle, '');
    const mails = join(obstacle, 'mail');
    const worker = await serverWithWorker({ MAIL_DIRECTORY: mails });
    const orders = await buyFreeAndPaid();
    await expectConfirmedWithoutMail(worker, orders);
    rmSync(obstacle);
    await hurryJobs(world);
    const where = { database: world.database, servers: [{ ...worker, mailDirectory: mails }] };
    for (const { order } of orders) expect(await mailsAbout(where, order.id, 'confirmation')).toHaveLength(1);
    await worker.stop();
  });
});
