import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createOrm, type Orm } from '../../src/database/index.js';
import { DisputeSettlement } from '../../src/disputes/index.js';
import { DISPUTE_STATUSES, type DisputeState, Ledger } from '../../src/payments/index.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

const seed = Number(process.env.SEED ?? Date.now() % 2_147_483_647);
const AT = new Date('2026-01-01T00:00:00.000Z');

let database: TestDatabase;
let orm: Orm;
beforeAll(async () => {
  database = await createTestDatabase();
  orm = await createOrm(database.url, 2);
  await database.pool.query(`
    INSERT INTO producer (name) VALUES ('One');
    INSERT INTO show (producer_id, title, time_zone, starts_at) VALUES (1, 'A Show', 'UTC', now());
    INSERT INTO ticket (show_id, name, price, currency, quantity, sold) VALUES (1, 'Seat', 500, 'USD', 10000, 0);
  `);
});
afterAll(async () => {
  await orm.close();
  await database.drop();
});

type Status = DisputeState['status'];

/** The ways that a dispute goes at Stripe, from its first state to its last. */
const LIVES: readonly (readonly Status[])[] = [
  ['INQUIRY_NEEDS_RESPONSE', 'INQUIRY_UNDER_REVIEW', 'INQUIRY_CLOSED'],
  ['INQUIRY_NEEDS_RESPONSE', 'NEEDS_RESPONSE', 'LOST'],
  ['INQUIRY_NEEDS_RESPONSE', 'INQUIRY_UNDER_REVIEW', 'NEEDS_RESPONSE', 'UNDER_REVIEW', 'WON'],
  ['NEEDS_RESPONSE', 'UNDER_REVIEW', 'WON'],
  ['NEEDS_RESPONSE', 'UNDER_REVIEW'],
  ['NEEDS_RESPONSE', 'LOST'],
  ['NEEDS_RESPONSE', 'PREVENTED'],
  // Won on appeal.
  ['NEEDS_RESPONSE', 'UNDER_REVIEW', 'LOST', 'WON'],
];

/** One dispute's states as they may be heard of: the last one at some time, others never, or more than once. */
const heard = fc.constantFrom(...LIVES).chain((life) =>
  fc
    .tuple(fc.array(fc.constantFrom(...life), { maxLength: 5 }), fc.nat(5), fc.constantFrom(200, 1000))
    .map(([states, at, amount]) => ({
      last: life.at(-1)!,
      amount,
      states: states.toSpliced(at, 0, life.at(-1)!),
    })),
);

const INQUIRIES = DISPUTE_STATUSES.filter((status) => status.startsWith('INQUIRY'));

/** Any order: each step is put where its number says, of whatever is there by then. */
function shuffled<T>(steps: readonly T[], order: readonly number[]): T[] {
  return steps.reduce<T[]>(
    (all, step, index) => all.toSpliced((order[index] ?? 0) % (all.length + 1), 0, step),
    [],
  );
}

/** As Stripe has it: money is gone from the first state that is no inquiry, and back once it is won. */
function stateOf(id: string, status: Status, amount: number): DisputeState {
  return {
    id,
    paymentIntentId: null,
    orderIdHint: undefined,
    amount,
    currency: 'USD',
    reason: 'fraudulent',
    status,
    isFinal: ['INQUIRY_CLOSED', 'LOST', 'PREVENTED', 'WON'].includes(status),
    evidenceDueBy: AT,
    createdAt: AT,
    withdrawn: INQUIRIES.includes(status) ? undefined : { amount, at: AT },
    reinstated: status === 'WON' || status === 'PREVENTED' ? { amount, at: AT } : undefined,
  };
}

describe('states of up to two disputes, heard of in any order and any number of times', () => {
  it(`leave what the last states alone say (SEED=${seed})`, async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(heard, { minLength: 1, maxLength: 2 }),
        fc.boolean(),
        fc.array(fc.nat(20), { minLength: 12, maxLength: 12 }),
        async (all, refunded, order) => {
          run += 1;
          const orderId = await newOrder(run, refunded);
          const settlement = new DisputeSettlement(new Ledger());
          const steps = all.flatMap(({ states, amount }, index) =>
            states.map((status) => stateOf(`dp_${run}_${index}`, status, amount)),
          );
          for (const state of shuffled(steps, order)) {
            await orm.em.fork().transactional((em) => settlement.follow(em, orderId, state));
          }
          const last = all.map((dispute) => dispute.last);
          expect(await outcome(orderId)).toEqual({
            disputes: last,
            payment_status: last.some(isContested) ? 'DISPUTED' : refunded ? 'PARTIALLY_REFUNDED' : 'PAID',
            attendees: [refunded ? 'REVOKED' : attendee(last), attendee(last)],
            taken: all.reduce((sum, one) => sum + (isGone(one.last) ? one.amount : 0), 0),
          });
        },
      ),
      { seed, numRuns: 60 },
    );
  }, 120_000);
});

const isContested = (status: Status) => ['NEEDS_RESPONSE', 'UNDER_REVIEW', 'LOST'].includes(status);
const isGone = isContested;

function attendee(last: readonly Status[]): string {
  if (last.includes('LOST')) return 'REVOKED';
  return last.some(isContested) ? 'FROZEN' : 'VALID';
}

/** Two attendees of 500 each; the first one's money may have been given back before. */
async function newOrder(run: number, refunded: boolean): Promise<string> {
  const id = `${String(run).padStart(8, '0')}-0000-4000-8000-000000000000`;
  const { pool } = database;
  await pool.query(
    `INSERT INTO orders (id, reference, show_id, email, status, payment_status, total_amount, currency, confirmed_at)
     VALUES ($1, $2, 1, 'a@example.com', 'CONFIRMED', $3, 1000, 'USD', now())`,
    [id, `R${run}`, refunded ? 'PARTIALLY_REFUNDED' : 'PAID'],
  );
  await pool.query(
    `INSERT INTO order_line (id, order_id, ticket_id, position, quantity, unit_price) VALUES ($1, $1, 1, 0, 2, 500)`,
    [id],
  );
  await pool.query(
    `INSERT INTO attendee (id, order_id, order_line_id, ticket_id, position, code)
     SELECT gen_random_uuid(), $1, $1, 1, number, 'code ' || $2 || number FROM generate_series(0, 1) AS number`,
    [id, run],
  );
  if (!refunded) return id;
  await pool.query(
    `INSERT INTO refund (id, order_id, amount, currency, reason, status, stripe_refund_id)
     VALUES ($1, $1, 500, 'USD', 'OTHER', 'SUCCEEDED', $2)`,
    [id, `re_${run}`],
  );
  await pool.query(
    `WITH gone AS (UPDATE attendee SET status = 'REVOKED' WHERE order_id = $1 AND position = 0 RETURNING id)
     INSERT INTO refund_attendee (attendee_id, refund_id) SELECT id, $1 FROM gone`,
    [id],
  );
  return id;
}

async function outcome(orderId: string) {
  const { rows } = await database.pool.query(
    `select payment_status,
       (select array_agg(status order by id) from dispute where order_id = orders.id) as disputes,
       (select array_agg(status order by position) from attendee where order_id = orders.id) as attendees,
       (select coalesce(sum(amount), 0)::int from ledger_entry where order_id = orders.id and account = 'BUYER') as taken
     from orders where id = $1`,
    [orderId],
  );
  return rows[0];
}
