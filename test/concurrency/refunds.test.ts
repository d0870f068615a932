import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { clientOf } from '../integration/local-stripe-support.js';
import { auditInventory } from '../support/audit.js';
import { type Account, type PublishedShow, type Purchase, purchase, readOrder } from '../support/fixtures.js';
import { storedOrder } from '../support/order-life.js';
import { pay, type RefundInput, type RefundView, refundsOf, tryRefund } from '../support/refunds.js';
import { hasRedis } from '../support/run.js';
import { startWorld, type World } from '../support/world.js';
import { type Guard, startUnguarded } from './unguarded.js';

// For a machine that does much else at the same time.
jest.setTimeout(180_000);

const PRICES = [333, 1001, 77, 0];
const RUNS = 12;
const LARGEST_SEED = 0x7fff_ffff;
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * LARGEST_SEED));

let world: World;
let seller: Account;
let show: PublishedShow;
beforeAll(async () => {
  world = await startWorld({ servers: hasRedis ? 2 : 1, env: { PLATFORM_FEE_PERCENT: '7.3' } });
  const tickets = PRICES.map((price) => ({ price, quantity: 2_000 }));
  ({ seller, show } = await world.sell({ tickets }));
});
afterAll(() => world.close());

/** What somebody asks for, by places in the order, whatever its ids will be. */
type Wish =
  | { readonly kind: 'everything' }
  | { readonly kind: 'lines'; readonly lines: ReadonlyArray<{ place: number; quantity: number }> }
  | { readonly kind: 'attendees'; readonly places: readonly number[] };

const place = fc.nat({ max: 30 });
const wish: fc.Arbitrary<Wish> = fc.oneof(
  { weight: 1, arbitrary: fc.constant<Wish>({ kind: 'everything' }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('lines' as const),
      lines: fc.array(fc.record({ place, quantity: fc.integer({ min: 1, max: 3 }) }), {
        minLength: 1,
        maxLength: 3,
      }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('attendees' as const),
      places: fc.array(place, { minLength: 1, maxLength: 4 }),
    }),
  },
);
const plan = fc.record({
  quantities: fc.tuple(...PRICES.map(() => fc.integer({ min: 1, max: 4 }))),
  /** Those of one round are asked for at once, at different servers. */
  rounds: fc.array(fc.array(wish, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 4 }),
  restock: fc.boolean(),
});

function inputFor({ order }: Purchase, wanted: Wish, restock: boolean): RefundInput {
  const at = <T>(all: readonly T[], index: number) => all[index % all.length]!;
  const input = { orderId: order.id, restock };
  if (wanted.kind === 'everything') return input;
  if (wanted.kind === 'attendees') {
    return { ...input, attendeeIds: wanted.places.map((index) => at(order.attendees, index).id) };
  }
  const lines = wanted.lines.map(({ place: index, quantity }) => ({
    lineId: at(order.lines, index).id,
    quantity,
  }));
  return { ...input, lines };
}

/** Asks for all at once; what was made. Whatever was not made was refused because too little was left. */
async function ask(bought: Purchase, wishes: readonly Wish[], restock: boolean): Promise<RefundView[]> {
  const answers = await Promise.all(
    wishes.map((wanted, index) =>
      tryRefund(
        world.servers[index % world.servers.length]!,
        seller.token,
        inputFor(bought, wanted, restock),
      ),
    ),
  );
  for (const { errors } of answers) {
    expect(errors.map(({ extensions }) => extensions?.code)).toEqual(errors.length === 0 ? [] : ['CONFLICT']);
  }
  return answers.flatMap(({ data, errors }) => (errors.length === 0 && data ? [data.refundOrder] : []));
}

async function givenBackAtStripe({ order }: Purchase) {
  const { payment_intent_id } = await storedOrder(world, order.id);
  const intent = await clientOf(world.stripe).paymentIntents.retrieve(payment_intent_id!, {
    expand: ['latest_charge.transfer', 'latest_charge.application_fee'],
  });
  const charge = intent.latest_charge as {
    amount_refunded: number;
    transfer: { amount_reversed: number };
    application_fee: { amount: number; amount_refunded: number };
  };
  return {
    REFUND: charge.amount_refunded,
    TRANSFER_REVERSAL: charge.transfer.amount_reversed,
    APPLICATION_FEE_REFUND: charge.application_fee.amount_refunded,
    fee: charge.application_fee.amount,
  };
}

async function recorded({ order }: Purchase) {
  const { rows } = await world.database.pool.query(
    `select kind, sum(amount)::int as amount from ledger_entry
     where order_id = $1 and amount > 0 and kind in ('REFUND', 'TRANSFER_REVERSAL', 'APPLICATION_FEE_REFUND')
     group by kind`,
    [order.id],
  );
  return Object.fromEntries(rows.map(({ kind, amount }) => [kind, amount])) as Record<string, number>;
}

/** What must be true whenever nothing is under way. */
async function agree(bought: Purchase, made: readonly RefundView[]): Promise<void> {
  const priceOf = new Map(
    bought.order.lines.flatMap((line) => line.attendees.map(({ id }) => [id, line.unitPrice.amount])),
  );
  const revoked = made.flatMap(({ attendees }) => attendees.map(({ id }) => id));
  expect(new Set(revoked).size).toBe(revoked.length);
  for (const { amount, attendees } of made) {
    expect(amount.amount).toBe(attendees.reduce((sum, { id }) => sum + priceOf.get(id)!, 0));
  }
  const sum = made.reduce((total, { amount }) => total + amount.amount, 0);
  expect(sum).toBeLessThanOrEqual(bought.order.total.amount);
  const order = await readOrder(world.server, bought);
  const gone = order.attendees.filter(({ status }) => status === 'REVOKED').map(({ id }) => id);
  expect(gone.sort()).toEqual(revoked.sort());
  const { fee: _, ...atStripe } = await givenBackAtStripe(bought);
  expect(atStripe.REFUND).toBe(sum);
  expect({ REFUND: 0, TRANSFER_REVERSAL: 0, APPLICATION_FEE_REFUND: 0, ...(await recorded(bought)) }).toEqual(
    atStripe,
  );
  const paid = sum === 0 ? 'PAID' : sum === order.total.amount ? 'REFUNDED' : 'PARTIALLY_REFUNDED';
  expect(order.paymentStatus).toBe(paid);
  await auditInventory(world.database.pool);
}

describe(`any refunds of an order, also at once (seed ${seed})`, () => {
  it('add up to what was paid, to the cent, and never to more', async () => {
    await fc.assert(
      fc.asyncProperty(plan, async ({ quantities, rounds, restock }) => {
        const items = quantities.map((quantity, index) => ({ ticketId: show.tickets[index]!.id, quantity }));
        const bought = await pay(world, await purchase(world.server, { showId: show.id, items }));
        const made: RefundView[] = [];
        for (const wishes of rounds) {
          made.push(...(await ask(bought, wishes, restock)));
          await agree(bought, made);
        }
        made.push(...(await ask(bought, [{ kind: 'everything' }], restock)));
        await agree(bought, made);
        const total = bought.order.total.amount;
        const { fee, ...atStripe } = await givenBackAtStripe(bought);
        expect(atStripe).toEqual({ REFUND: total, TRANSFER_REVERSAL: total, APPLICATION_FEE_REFUND: fee });
        expect(await refundsOf(world.server, bought)).toHaveLength(made.length);
      }),
      { seed, numRuns: RUNS, endOnFailure: true },
    );
  });
});

/** Two servers take one ticket each out of each of several orders, at once; what the audit says. */
async function refundAtOnce(guards: readonly Guard[]): Promise<string> {
  const unguarded = await startUnguarded(...guards);
  try {
    const [first, second] = unguarded.servers;
    const free = await unguarded.sell([{ quantity: 1_000 }]);
    for (let round = 0; round < 20; round += 1) {
      const items = [{ ticketId: free.tickets[0]!.id, quantity: 2 }];
      const { order } = await purchase(first!, { showId: free.id, items });
      await Promise.all(
        order.attendees.map(({ id }, index) =>
          tryRefund(index === 0 ? first! : second!, unguarded.seller.token, {
            orderId: order.id,
            attendeeIds: [id],
            restock: true,
          }),
        ),
      );
    }
    return await auditInventory(unguarded.database.pool).then(
      () => 'in order',
      (error: Error) => error.message,
    );
  } finally {
    await unguarded.close();
  }
}

describe('two refunds of one order at once', () => {
  it('contradict each other where the order is not locked', async () => {
    expect(await refundAtOnce(['locks', 'order-row'])).toContain('but its CONFIRMED orders bought');
  });

  it('do not where it is', async () => {
    expect(await refundAtOnce(['locks'])).toBe('in order');
  });
});
