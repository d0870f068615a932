import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type Account, createPublishedShow, type PublishedShow, signUp } from '../support/fixtures.js';
import { hasRedis } from '../support/run.js';
import { startWorld, type World } from '../support/world.js';
import { buyersOf, countersOf, orderedOf, PATIENT, rush } from './rush.js';

// For a machine that does much else at the same time.
jest.setTimeout(180_000);

const BUYERS = 500;
const TICKETS = 50;
const RUNS = 20;

let world: World;
let seller: Account;
beforeAll(async () => {
  // Without Redis one process is all there may be.
  world = await startWorld({ servers: hasRedis ? 2 : 1, env: PATIENT });
  seller = await signUp(world.server);
});
afterAll(() => world.close());

async function expectExactlySold(
  show: PublishedShow,
  counters: { held: number; sold: number },
): Promise<void> {
  const { id: ticketId } = show.tickets[0]!;
  const { answers, purchases, refusals } = await rush(world.servers, buyersOf(show, BUYERS));
  expect(answers.map((answer) => answer.status)).toEqual(Array.from({ length: BUYERS }, () => 200));
  for (const { extensions } of refusals) {
    expect(extensions).toEqual({ code: 'SOLD_OUT', tickets: [{ ticketId, requested: 1, available: 0 }] });
  }
  expect(purchases).toHaveLength(TICKETS);
  expect(refusals).toHaveLength(BUYERS - TICKETS);
  expect(new Set(purchases.map(({ order }) => order.id)).size).toBe(TICKETS);
  expect(await orderedOf(world.database.pool, ticketId)).toBe(TICKETS);
  expect(await countersOf(world.database.pool, ticketId)).toEqual({ quantity: TICKETS, ...counters });
}

describe(`${BUYERS} buyers who go for ${TICKETS} tickets at once, through every server process`, () => {
  it.each(Array.from({ length: RUNS }, (_, index) => index + 1))(
    'buy exactly as many free tickets as there are, run %i of 20',
    async () => {
      const show = await createPublishedShow(world.server, seller.token, {
        tickets: [{ quantity: TICKETS }],
      });
      await expectExactlySold(show, { held: 0, sold: TICKETS });
    },
  );

  it('hold exactly as many paid tickets as there are, and each gets a page to pay on', async () => {
    const { show } = await world.sell({ tickets: [{ quantity: TICKETS, price: 2500 }] });
    await expectExactlySold(show, { held: TICKETS, sold: 0 });
    const { rows } = await world.database.pool.query(
      'select count(distinct checkout_session_id)::int as sessions from orders where show_id = $1',
      [show.id],
    );
    expect(rows[0].sessions).toBe(TICKETS);
  });
});
