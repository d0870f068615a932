import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createOrm, type Orm } from '../../src/database/index.js';
import { Ledger, type Movement, type MovementKind } from '../../src/payments/index.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

const ORDERS = [1, 2, 3].map((number) => `00000000-0000-4000-8000-00000000000${number}`);
const seed = Number(process.env.SEED ?? Date.now() % 2_147_483_647);

let database: TestDatabase;
let orm: Orm;
beforeAll(async () => {
  database = await createTestDatabase();
  orm = await createOrm(database.url, 2);
  await database.pool.query(`
    INSERT INTO producer (name) VALUES ('One'), ('Another');
    INSERT INTO show (producer_id, title, time_zone, starts_at) VALUES (1, 'A Show', 'UTC', now()), (2, 'B', 'UTC', now());
  `);
});
afterAll(async () => {
  await orm.close();
  await database.drop();
});

/** Who gains, and who loses, what a kind of movement moves; said here once more, on purpose. */
const MOVES: Readonly<Record<MovementKind, readonly [loser: Account, winner: Account]>> = {
  CHARGE: ['buyer', 'platform'],
  TRANSFER: ['platform', 'producer'],
  APPLICATION_FEE: ['producer', 'platform'],
  REFUND: ['platform', 'buyer'],
  REFUND_FAILED: ['buyer', 'platform'],
  TRANSFER_REVERSAL: ['producer', 'platform'],
  APPLICATION_FEE_REFUND: ['platform', 'producer'],
  DISPUTE: ['platform', 'buyer'],
  DISPUTE_REVERSAL: ['buyer', 'platform'],
};
type Account = 'buyer' | 'platform' | 'producer';

interface Step {
  readonly order: number;
  readonly kind: MovementKind;
  readonly source: number;
  readonly amount: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  order: fc.nat(ORDERS.length - 1),
  kind: fc.constantFrom(...(Object.keys(MOVES) as MovementKind[])),
  source: fc.nat(3),
  amount: fc.integer({ min: 1, max: 2_147_483_647 }),
});
/** What one transaction records for one order. */
const batch = fc.record({ steps: fc.array(step, { maxLength: 4 }), commits: fc.boolean() });

describe('movements recorded in any sequence, some again, some in transactions that fail', () => {
  it(`sum to zero and leave the accounts as a model has them (SEED=${seed})`, async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(batch, { maxLength: 12 }), async (batches) => {
        run += 1;
        const model = new Map<string, number>();
        const known = new Set<string>();
        const orders = await freshOrders(run);
        for (const { steps, commits } of batches) {
          await apply(steps, orders, run, commits);
          if (commits) for (const one of steps) follow(model, known, one, orders);
        }
        expect(await balances(orders)).toEqual(Object.fromEntries([...model].filter(([, sum]) => sum !== 0)));
        const { rows } = await database.pool.query(
          'select order_id from ledger_entry group by order_id, kind, source_id having sum(amount) <> 0',
        );
        expect(rows).toEqual([]);
      }),
      { seed, numRuns: 60 },
    );
  }, 120_000);
});

/** Each run has orders of its own, the first two of one producer, since what is recorded stays. */
async function freshOrders(run: number) {
  const prefix = `${String(run).padStart(8, '0')}`;
  const orders = ORDERS.map((id, index) => ({
    id: id.replace(/^0{8}/, prefix),
    showId: index === 2 ? 2 : 1,
    currency: index === 1 ? 'JPY' : 'USD',
  }));
  for (const { id, showId, currency } of orders) {
    await database.pool.query(
      `INSERT INTO orders (id, reference, show_id, email, status, payment_status, total_amount, currency)
       VALUES ($1, $2, $3, 'a@example.com', 'CANCELLED', 'UNPAID', 1, $4)`,
      [id, id.slice(0, 8) + id.slice(-1), showId, currency],
    );
  }
  return orders;
}
type Orders = Awaited<ReturnType<typeof freshOrders>>;

const sourceOf = (one: Step, run: number) => `source_${run}_${one.order}_${one.source}`;

async function apply(steps: readonly Step[], orders: Orders, run: number, commits: boolean): Promise<void> {
  const work = orm.em.fork().transactional(async (em) => {
    for (const [index, order] of orders.entries()) {
      const own = steps.filter((one) => one.order === index);
      const movements = own.map((one): Movement => {
        const { kind, amount } = one;
        return { kind, amount, sourceId: sourceOf(one, run), occurredAt: new Date() };
      });
      await new Ledger().record(em, order, movements);
    }
    if (!commits) throw new Error('rolled back');
  });
  if (commits) await work;
  else await expect(work).rejects.toThrow('rolled back');
}

/** Of a movement that comes again nothing counts, whatever its amount. */
function follow(model: Map<string, number>, known: Set<string>, one: Step, orders: Orders): void {
  const name = `${one.order} ${one.source} ${one.kind}`;
  if (known.has(name)) return;
  known.add(name);
  const [loser, winner] = MOVES[one.kind];
  const add = (account: Account, amount: number) => {
    const key = `${orders[one.order]!.id} ${account}`;
    model.set(key, (model.get(key) ?? 0) + amount);
  };
  add(loser, -one.amount);
  add(winner, one.amount);
}

async function balances(orders: Orders): Promise<Record<string, number>> {
  const { rows } = await database.pool.query<{ name: string; sum: string }>(
    `select order_id || ' ' || lower(account) as name, sum(amount) from ledger_entry
     where order_id = any ($1) group by order_id, account having sum(amount) <> 0`,
    [orders.map(({ id }) => id)],
  );
  return Object.fromEntries(rows.map(({ name, sum }) => [name, Number(sum)]));
}
