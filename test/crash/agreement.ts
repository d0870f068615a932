import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type Stripe from 'stripe';
import { clientOf } from '../integration/local-stripe-support.js';
import { auditInventory } from '../support/audit.js';
import { eventually } from '../support/eventually.js';
import type { CrashWorld } from './crash-world.js';
import type { Scenario, Subject } from './scenarios.js';

/** A restarted process, its rounds seconds apart, on a machine where others do the same; in milliseconds. */
const PATIENCE_MS = 90_000;
/** Nothing is PENDING, nobody is asked about, no job waits. */
const LEFT_TO_DO = `
  select
    (select count(*) from orders where status = 'PENDING' or check_at is not null)
    + (select count(*) from graphile_worker._private_jobs)
    + (select count(*) from confirmation_batch) as count`;
/** Where a mail has been sent and its job does not know. */
const BEFORE_JOB_IS_DONE = 'before delete from graphile_worker._private_jobs';

interface StoredOrder {
  readonly id: string;
  readonly status: string;
  readonly payment_status: string;
  readonly total_amount: number;
  readonly attendees: number;
}

/**
 * Waits until nothing is left to do, letting the time go by that background work waits for, and compares what the
 * order has become with Stripe, with its attendees and with the mails.
 *
 * @returns as what it ended
 * @throws with everything that does not agree
 */
export async function expectAgreement(
  world: CrashWorld,
  scenario: Scenario,
  subject: Subject,
  struckAt: string | undefined,
): Promise<string> {
  await world.stripe.webhooks.resume();
  await nothingIsLeftToDo(world);
  await world.stripe.webhooks.idle();
  await nothingIsLeftToDo(world);
  await auditInventory(world.database.pool);
  const orders = await ordersOf(world, subject);
  const [order] = orders.filter(({ status }) => status === 'CONFIRMED').concat(orders);
  const end = order === undefined ? 'none' : `${order.status} + ${order.payment_status}`;
  const problems = [
    ...expected('the end', scenario.ends.includes(end) || end, true),
    ...(await inventoryProblems(world)),
    ...(await Promise.all(orders.map((each) => orderProblems(world, each, struckAt)))).flat(),
    ...expected('confirmed orders', orders.filter(({ status }) => status === 'CONFIRMED').length <= 1, true),
  ];
  if (problems.length > 0) {
    throw new Error(`${scenario.name}, killed ${struckAt}: ${end}\n  - ${problems.join('\n  - ')}`);
  }
  return end;
}

async function nothingIsLeftToDo({ database }: CrashWorld): Promise<void> {
  let last = '';
  await eventually(
    'nothing is left to do',
    async () => {
      // An order that a dead process had claimed, or that waits for an event, is looked after in its time: now.
      await database.pool.query(
        "update orders set check_at = now() where check_at > now() + interval '2 seconds'",
      );
      const { rows } = await database.pool.query(LEFT_TO_DO);
      last = JSON.stringify(
        (
          await database.pool.query(
            "select id, status, payment_status, check_at, expires_at from orders where status = 'PENDING' or check_at is not null",
          )
        ).rows,
      );
      return Number(rows[0].count) === 0;
    },
    PATIENCE_MS,
  ).catch((error) => {
    throw new Error(`${error.message}: ${last}`);
  });
}

async function ordersOf({ database }: CrashWorld, { input }: Subject): Promise<StoredOrder[]> {
  const { rows } = await database.pool.query(
    `select id, status, payment_status, total_amount,
       (select count(*)::int from attendee where order_id = orders.id) as attendees
     from orders where email = $1 order by created_at desc`,
    [input.email],
  );
  return rows;
}

async function inventoryProblems({ database }: CrashWorld): Promise<string[]> {
  const { rows } = await database.pool.query('select id, held from ticket where held > 0');
  return rows.map(({ id, held }) => `ticket ${id} still holds ${held}`);
}

async function orderProblems(
  world: CrashWorld,
  order: StoredOrder,
  struckAt: string | undefined,
): Promise<string[]> {
  const confirmed = order.status === 'CONFIRMED';
  const paid = ['PAID', 'REFUNDED'].includes(order.payment_status);
  const money = await moneyOf(world, order.id);
  const mails = (kind: string) => mailsAbout(world, order.id, kind);
  const repeated = struckAt === BEFORE_JOB_IS_DONE ? 2 : 1;
  const once = (kind: string, wanted: boolean) =>
    expected(
      `${kind} mails`,
      wanted ? (mails(kind) >= 1 && mails(kind) <= repeated) || mails(kind) : mails(kind),
      wanted ? true : 0,
    );
  return [
    ...expected('attendees', order.attendees, confirmed ? 2 : 0),
    ...expected('open sessions', money.open, 0),
    ...expected('charged', money.charged, paid ? order.total_amount : 0),
    ...expected('refunded', money.refunded, order.payment_status === 'REFUNDED' ? order.total_amount : 0),
    ...expected('refunds', money.refunds, order.payment_status === 'REFUNDED' ? 1 : 0),
    ...once('confirmation', confirmed),
    ...once('refund', order.payment_status === 'REFUNDED'),
  ].map((problem) => `order ${order.id} (${order.status} + ${order.payment_status}): ${problem}`);
}

/** What Stripe has of an order, in minor units. */
async function moneyOf({ stripe }: CrashWorld, orderId: string) {
  const client = clientOf(stripe);
  const sessions = (await client.checkout.sessions.list({ limit: 100 })).data.filter(
    ({ client_reference_id }) => client_reference_id === orderId,
  );
  const intents = sessions.flatMap(({ payment_intent: intent }) =>
    typeof intent === 'string' ? [intent] : [],
  );
  const all = async <Item>(list: (intent: string) => Promise<Stripe.ApiList<Item>>) =>
    (await Promise.all(intents.map(list))).flatMap(({ data }) => data);
  const charges = (await all((payment_intent) => client.charges.list({ payment_intent }))).filter(
    ({ status }) => status === 'succeeded',
  );
  const refunds = await all((payment_intent) => client.refunds.list({ payment_intent }));
  return {
    open: sessions.filter(({ status }) => status === 'open').length,
    charged: charges.reduce((sum, { amount }) => sum + amount, 0),
    refunded: charges.reduce((sum, { amount_refunded }) => sum + amount_refunded, 0),
    refunds: refunds.length,
  };
}

function mailsAbout({ servers }: CrashWorld, orderId: string, kind: string): number {
  return servers.flatMap(({ mailDirectory }) =>
    readdirSync(mailDirectory)
      .filter((name) => name.endsWith('.eml'))
      .filter((name) => readFileSync(join(mailDirectory, name), 'utf8').includes(`<${kind}.${orderId}@`)),
  ).length;
}

function expected(what: string, found: unknown, wanted: unknown): string[] {
  return found === wanted ? [] : [`${what}: ${found} instead of ${wanted}`];
}
