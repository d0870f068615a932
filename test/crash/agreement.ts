import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { auditInventory } from '../support/audit.js';
import { eventually } from '../support/eventually.js';
import { stripeSideOf } from '../support/stripe-side.js';
import type { CrashWorld } from './crash-world.js';
import type { Scenario, Subject } from './subject.js';

/** A restarted process, its rounds seconds apart, on a machine where others do the same; in milliseconds. */
const PATIENCE_MS = 90_000;
/** Many worlds ask at once, and what they wait for takes longer than this. */
const POLL_MS = 200;
/** Orders that are not at their end, refunds that are under way, shows half given back, jobs that wait. */
const LEFT_TO_DO = `
  select 'order ' || id as what from orders where status = 'PENDING' or check_at is not null
  union all select 'refund ' || id from refund where status = 'PENDING' or check_at is not null
  union all select 'show ' || show_id from show_cancellation where status = 'RUNNING'
  union all select 'batch ' || id from confirmation_batch
  union all select 'job ' || id from graphile_worker._private_jobs`;
/** What waits for minutes to go by, after a process has died or until events have had their time, waits no longer. */
const LET_TIME_PASS = ['orders', 'refund', 'show_cancellation'].map(
  (table) => `update ${table} set check_at = now() where check_at > now() + interval '2 seconds'`,
);
/** By mail: the job that sends it. */
const JOB_OF = { confirmation: 'send-order-confirmation', refund: 'send-refund-notice' } as const;

/** How a life came to its end. */
export interface Death {
  /** Undefined where nothing was killed. */
  readonly struckAt: string | undefined;
  /** What the process was working on: mails of these may have been sent, and are sent again. */
  readonly interruptedJobs: readonly string[];
}

interface StoredOrder {
  readonly id: string;
  readonly status: string;
  readonly payment_status: string;
  readonly total_amount: number;
  readonly attendees: number;
  readonly valid: number;
  /** What the ledger says that the buyer is out of pocket, in minor units. */
  readonly spent: number;
  readonly refund_ids: readonly string[];
}

/**
 * Waits until nothing is left to do, letting the time go by that background work waits for, and compares what the
 * order has become with Stripe, with its attendees, with the ledger and with the mails.
 *
 * @returns as what it ended
 * @throws with everything that does not agree
 */
export async function expectAgreement(
  world: CrashWorld,
  scenario: Scenario,
  subject: Subject,
  death: Death,
): Promise<string> {
  await world.stripe.webhooks.resume();
  await nothingIsLeftToDo(world);
  await world.stripe.webhooks.idle();
  await nothingIsLeftToDo(world);
  await auditInventory(world.database.pool);
  const orders = await ordersOf(world, subject);
  const confirmed = orders.filter(({ status }) => status === 'CONFIRMED');
  const [order] = [...confirmed, ...orders];
  const end = order === undefined ? 'none' : `${order.status} + ${order.payment_status}`;
  const problems = [
    ...(scenario.ends.includes(end) ? [] : [`it should have ended as ${scenario.ends.join(' or ')}`]),
    ...differs('confirmed orders beyond the first', Math.max(confirmed.length - 1, 0), 0),
    ...(await holds(world)),
    ...(await Promise.all(orders.map((each) => problemsOf(world, each, death)))).flat(),
  ];
  if (problems.length === 0) return end;
  throw new Error(`${scenario.name}, killed ${death.struckAt}: ${end}\n  - ${problems.join('\n  - ')}`);
}

async function nothingIsLeftToDo({ database: { pool } }: CrashWorld): Promise<void> {
  let left: string[] = [];
  const probe = async () => {
    await delay(POLL_MS);
    for (const statement of LET_TIME_PASS) await pool.query(statement);
    left = (await pool.query<{ what: string }>(LEFT_TO_DO)).rows.map(({ what }) => what);
    return left.length === 0;
  };
  await eventually('nothing is left to do', probe, PATIENCE_MS).catch((error) => {
    throw new Error(`${error.message}; there is ${left.join(', ')}`);
  });
}

async function ordersOf({ database }: CrashWorld, { input }: Subject): Promise<StoredOrder[]> {
  const { rows } = await database.pool.query(
    `select id, status, payment_status, total_amount,
       (select count(*)::int from attendee where order_id = orders.id) as attendees,
       (select count(*)::int from attendee where order_id = orders.id and status = 'VALID') as valid,
       (select coalesce(-sum(amount), 0)::int from ledger_entry
        where order_id = orders.id and account = 'BUYER') as spent,
       array(select stripe_refund_id from refund
        where order_id = orders.id and amount > 0 order by stripe_refund_id collate "C") as refund_ids
     from orders where email = $1 order by created_at desc`,
    [input.email],
  );
  return rows;
}

async function holds({ database }: CrashWorld): Promise<string[]> {
  const { rows } = await database.pool.query('select id, held from ticket where held > 0');
  return rows.map(({ id, held }) => `ticket ${id} still holds ${held}`);
}

/** By payment status: which share of the total has gone back, and how many of two attendees may come in. */
const MONEY_BACK: Readonly<Record<string, { readonly share: number; readonly valid: number }>> = {
  PAID: { share: 0, valid: 2 },
  NOT_REQUIRED: { share: 0, valid: 2 },
  PARTIALLY_REFUNDED: { share: 0.5, valid: 1 },
  REFUNDED: { share: 1, valid: 0 },
  DISPUTED: { share: 0, valid: 0 },
};

async function problemsOf(
  world: CrashWorld,
  order: StoredOrder,
  { interruptedJobs }: Death,
): Promise<string[]> {
  const confirmed = order.status === 'CONFIRMED';
  const money = MONEY_BACK[order.payment_status];
  const stripe = await stripeSideOf(world, order.id);
  const mailProblems = (kind: keyof typeof JOB_OF, wanted: boolean) => {
    const sent = mailsAbout(world, order.id, kind);
    const mostMails = interruptedJobs.includes(JOB_OF[kind]) ? 2 : 1;
    const right = wanted ? sent >= 1 && sent <= mostMails : sent === 0;
    return right ? [] : [`${sent} ${kind} mails`];
  };
  return [
    ...differs('attendees', order.attendees, confirmed ? 2 : 0),
    ...differs('attendees who may come in', order.valid, confirmed ? money?.valid : 0),
    ...differs('sessions that are open', stripe.openSessions, 0),
    ...differs('charged', stripe.charged, money ? order.total_amount : 0),
    ...differs('refunded', stripe.refunded, order.total_amount * (money?.share ?? 0)),
    ...differs('refunds', `${order.refund_ids}`, `${stripe.refundIds}`),
    ...differs('refunds at Stripe', stripe.refundIds.length, money && money.share > 0 ? 1 : 0),
    ...differs('the ledger', order.spent, stripe.charged - stripe.refunded - stripe.disputed),
    ...mailProblems('confirmation', confirmed),
    ...mailProblems(
      'refund',
      order.payment_status === 'REFUNDED' || order.payment_status === 'PARTIALLY_REFUNDED',
    ),
  ].map((problem) => `order ${order.id} (${order.status} + ${order.payment_status}): ${problem}`);
}

function mailsAbout({ servers }: CrashWorld, orderId: string, kind: string): number {
  return servers.flatMap(({ mailDirectory }) =>
    readdirSync(mailDirectory)
      .filter((name) => name.endsWith('.eml'))
      .filter((name) => readFileSync(join(mailDirectory, name), 'utf8').includes(`<${kind}.${orderId}`)),
  ).length;
}

function differs(what: string, found: unknown, wanted: unknown): string[] {
  return found === wanted ? [] : [`${what}: ${found} instead of ${wanted}`];
}
