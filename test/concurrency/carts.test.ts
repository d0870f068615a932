import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Account, createPublishedShow, type PublishedShow, signUp } from '../support/fixtures.js';
import { hasRedis } from '../support/run.js';
import { startWorld, type World } from '../support/world.js';
import { countersOf, PATIENT, type Rush, rush } from './rush.js';
import { startUnguarded, type Unguarded } from './unguarded.js';

const TICKETS = 4;
const QUANTITY = 8;

/** Some of the show's tickets, by their position, in the order in which the buyer names them. */
type Cart = ReadonlyArray<{ readonly position: number; readonly quantity: number }>;

const cart: fc.Arbitrary<Cart> = fc
  .shuffledSubarray(
    Array.from({ length: TICKETS }, (_, position) => position),
    { minLength: 1 },
  )
  .chain((positions) =>
    fc.tuple(
      ...positions.map((position) =>
        fc.record({ position: fc.constant(position), quantity: fc.integer({ min: 1, max: 3 }) }),
      ),
    ),
  );

function inputsOf(show: PublishedShow, carts: readonly Cart[]) {
  return carts.map((wanted) => ({
    showId: show.id,
    items: wanted.map(({ position, quantity }) => ({ ticketId: show.tickets[position]!.id, quantity })),
  }));
}

/** What the successful carts have taken of the ticket at this position. */
function taken(carts: readonly Cart[], { answers }: Rush, position: number): number {
  return carts
    .filter((_, index) => answers[index]!.errors.length === 0)
    .flat()
    .filter((item) => item.position === position)
    .reduce((sum, item) => sum + item.quantity, 0);
}

/** Every cart is bought whole or refused whole, and the counters are the sum of those bought. */
async function expectWhole(
  { pool }: World['database'],
  show: PublishedShow,
  carts: readonly Cart[],
  outcome: Rush,
): Promise<void> {
  for (const refusal of outcome.refusals) expect(refusal.extensions?.code).toBe('SOLD_OUT');
  expect(outcome.purchases.length + outcome.refusals.length).toBe(carts.length);
  for (const [position, ticket] of show.tickets.entries()) {
    const sold = taken(carts, outcome, position);
    expect(sold).toBeLessThanOrEqual(QUANTITY);
    expect(await countersOf(pool, ticket.id)).toEqual({ quantity: QUANTITY, held: 0, sold });
  }
}

const tickets = Array.from({ length: TICKETS }, () => ({ quantity: QUANTITY }));
const crowd = fc.array(cart, { minLength: 2, maxLength: 12 });

describe('buyers whose carts name the same tickets in different orders', () => {
  let world: World;
  let seller: Account;
  beforeAll(async () => {
    world = await startWorld({ servers: hasRedis ? 2 : 1, env: PATIENT });
    seller = await signUp(world.server);
  });
  afterAll(() => world.close());

  it('never block each other for good, and each buys all of its cart or nothing', async () => {
    const producer = await createPublishedShow(world.server, seller.token, { tickets: [{}] });
    await fc.assert(
      fc.asyncProperty(crowd, async (carts) => {
        const show = await createPublishedShow(world.server, seller.token, {
          producerId: producer.producerId,
          tickets,
        });
        await expectWhole(world.database, show, carts, await rush(world.servers, inputsOf(show, carts)));
      }),
      { numRuns: 25 },
    );
  });
});

describe('without locks outside the database', () => {
  it('buyers of the same tickets in different orders do not block each other either', async () => {
    const unguarded = await startUnguarded('locks');
    try {
      await fc.assert(
        fc.asyncProperty(crowd, async (carts) => {
          const show = await unguarded.sell(tickets);
          await expectWhole(
            unguarded.database,
            show,
            carts,
            await rush(unguarded.servers, inputsOf(show, carts)),
          );
        }),
        { numRuns: 10 },
      );
    } finally {
      await unguarded.close();
    }
  });

  it('they do block each other where rows are locked in the order of the cart', async () => {
    const unguarded = await startUnguarded('locks', 'row-order');
    try {
      expect(await deadlocksWithin(unguarded, 30)).toBeGreaterThan(0);
    } finally {
      await unguarded.close();
    }
  });
});

/** How many buyers PostgreSQL had to turn away in the first of so many rounds in which it had to. */
async function deadlocksWithin(unguarded: Unguarded, rounds: number): Promise<number> {
  const show = await unguarded.sell([{ quantity: 1_000 }, { quantity: 1_000 }]);
  const there = [0, 1].map((position) => ({ position, quantity: 1 }));
  const carts = Array.from({ length: 6 }, (_, index) => (index % 2 === 0 ? there : there.toReversed()));
  for (let round = 0; round < rounds; round += 1) {
    const { refusals } = await rush(unguarded.servers, inputsOf(show, carts));
    if (refusals.length > 0) {
      const logs = unguarded.servers.flatMap((server) => server.logs());
      expect(JSON.stringify(logs)).toContain('deadlock detected');
      return refusals.length;
    }
  }
  return 0;
}
