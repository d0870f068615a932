import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type SmtpSink, startSmtpSink } from '../../dev/smtp-sink.js';
import { eventually } from '../support/eventually.js';
import { type PublishedShow, type Purchase, purchase, tryPurchase } from '../support/fixtures.js';
import { expectData, expectError } from '../support/graphql-client.js';
import { operate } from '../support/operate.js';
import { signUpOperator } from '../support/operators.js';
import {
  completeCheckout,
  createCheckout,
  type GivenUp,
  hurryJobs,
  jobsOf,
  settlesAs,
} from '../support/order-life.js';
import type { LogEntry } from '../support/server-log.js';
import { sessionIn } from '../support/stripe.js';
import { storedEvents } from '../support/webhooks.js';
import { startWorld, type World } from '../support/world.js';

// With an apostrophe, which quotes things elsewhere.
const EMAIL = `mary.o'hara+${randomUUID()}@buyers.example`;
const NAME = `Mary O'Hara ${randomUUID()}`;
const PERSONAL = [EMAIL, 'mary.o', NAME, 'Failing row', 'Key ('];

let sink: SmtpSink;
let world: World;
let show: PublishedShow;
beforeAll(async () => {
  sink = await startSmtpSink();
  world = await startWorld({ redis: false, env: { SMTP_URL: `smtp://127.0.0.1:${sink.port}` } });
  ({ show } = await world.sell({ tickets: [{ quantity: 10 }, { price: 2_000, quantity: 10 }] }));
});
afterAll(async () => {
  await world.close();
  await sink.close();
});

const cart = (ticket: number, more: object = {}) => ({
  showId: show.id,
  items: [{ ticketId: show.tickets[ticket]!.id, quantity: 1 }],
  email: EMAIL,
  name: NAME,
  ...more,
});
const buy = (ticket: number, more?: object): Promise<Purchase> => purchase(world.server, cart(ticket, more));

/** Waits for what was logged, and looks through the whole log. @returns the error as it was logged */
async function loggedError(isIt: (entry: LogEntry) => boolean, ...others: string[]): Promise<unknown> {
  const { err } = await world.server.waitForLog(isIt);
  for (const line of world.server.lines()) {
    for (const personal of [...PERSONAL, ...others]) expect(line).not.toContain(personal);
  }
  return err;
}

// A mail server names the mailbox that it refuses: in the log, and with the job for as long as that is tried again.
it('a refused mail is kept without its address', async () => {
  const accept = sink.refuse();
  const { order } = await buy(0);
  const [job] = await eventually('the job has failed', async () => {
    const jobs = await jobsOf(world, order.id);
    return jobs.some(({ last_error }) => last_error !== null) && jobs;
  });
  expect(job!.last_error).toContain('550 5.1.1 <[address]>: Recipient address rejected');
  const logged = await loggedError(
    ({ msg, orderId }) => /A job failed/.test(`${msg}`) && orderId === order.id,
  );
  expect(logged).toMatchObject({
    message: expect.stringContaining('550 5.1.1 <[address]>'),
    responseCode: 550,
    stack: expect.stringMatching(/\n {4}at .*:\d+:\d+/),
  });
  accept();
  await hurryJobs(world);
  await eventually('the mail has come', () => sink.mails.some((mail) => mail.includes(order.reference)));
});

// PostgreSQL quotes the key that was there already: the other transaction commits while this one waits for it.
it('a purchase that fails at the key of another is logged without it', async () => {
  const { order } = await buy(0);
  const idempotencyKey = `key-${randomUUID()}`;
  const other = await world.database.pool.connect();
  await other.query('begin');
  await other.query('update orders set idempotency_key = $1 where id = $2', [idempotencyKey, order.id]);
  const answer = tryPurchase(world.server, cart(1, { idempotencyKey }));
  await eventually('the purchase waits for the other', async () => {
    const { rows } = await world.database.pool.query(
      "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
    );
    return rows.length > 0;
  });
  await other.query('commit');
  other.release();
  expectError(await answer, 'IDEMPOTENCY_KEY_REUSED');
  const logged = await loggedError(({ msg }) => /A batch failed/.test(`${msg}`), idempotencyKey);
  expect(logged).toMatchObject({
    message: expect.stringMatching(/^duplicate key value violates unique constraint "\w+"$/),
    code: '23505',
    constraint: expect.stringContaining('idempotency'),
  });
});

// PostgreSQL quotes the row that it refuses, with the code that lets somebody in.
it('an event that could not be applied is kept without the row that was refused', async () => {
  const { pool } = world.database;
  const { order, checkoutUrl } = await buy(1);
  await pool.query("alter table attendee add constraint refuses check (name !~ '^Mary') not valid");
  await world.stripe.pay(sessionIn(checkoutUrl));
  const failed = await eventually('an event has failed', async () =>
    (await storedEvents(world)).find(({ last_error }) => last_error !== null),
  );
  const operator = await signUpOperator(world);
  const { data } = await operate(
    world.server,
    'Query.webhookEvents',
    { filter: { orderId: order.id } },
    operator.token,
  );
  const { nodes } = data!.webhookEvents as { nodes: Array<{ lastError: string | null }> };
  expect(nodes.map(({ lastError }) => lastError)).toContain(failed.last_error);
  expect(failed.last_error).toMatch(/^new row for relation "attendee" violates check constraint "refuses"$/);
  const logged = await loggedError(({ msg }) => /A webhook could not be applied/.test(`${msg}`));
  expect(logged).toMatchObject({ code: '23514', constraint: 'refuses', table: 'attendee' });
  await pool.query('alter table attendee drop constraint refuses');
  expectData(await completeCheckout(world.server, sessionIn(checkoutUrl)));
  await settlesAs(world, order.id, 'CONFIRMED', 'PAID');
});

// Stripe repeats an address that it does not take.
it('a refused Checkout Session is logged without the address', async () => {
  await world.stripe.faults.add({ kind: 'error', status: 500, match: { method: 'POST' } });
  const failure = expectError(await tryPurchase(world.server, cart(1)), 'PAYMENT_PROVIDER_UNAVAILABLE');
  await world.stripe.faults.clear();
  const given = failure.extensions as unknown as GivenUp;
  // Without a dot in its domain.
  const email = `mary.o'hara+${randomUUID()}@nowhere`;
  await world.database.pool.query('update orders set email = $1 where id = $2', [email, given.orderId]);
  expectError(await createCheckout(world.server, given), 'BAD_USER_INPUT');
  const logged = await loggedError(({ msg }) => /Stripe refused a call/.test(`${msg}`));
  expect(logged).toMatchObject({
    message: 'Invalid email address: [address]',
    type: 'StripeInvalidRequestError',
    param: 'customer_email',
  });
});
