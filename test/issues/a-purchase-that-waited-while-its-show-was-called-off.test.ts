import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { tryPurchase } from '../support/fixtures.js';
import { expectError } from '../support/graphql-client.js';
import { counters } from '../support/order-life.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld({ env: { WORKER: 'off' } });
});
afterAll(() => world.close());

/** What waited for a row reads that row anew, but what it is joined with as it was before the wait. */
it.each([0, 1500])('is refused, at a price of %i', async (price) => {
  const { show } = await world.sell({ tickets: [{ price, quantity: 100 }] });
  const ticketId = show.tickets[0]!.id;
  const cancelling = await world.database.pool.connect();
  try {
    await cancelling.query('begin');
    await cancelling.query("update show set status = 'CANCELLED' where id = $1", [show.id]);
    await cancelling.query('update ticket set version = version + 1 where show_id = $1', [show.id]);
    const answer = tryPurchase(world.server, { showId: show.id, items: [{ ticketId, quantity: 1 }] });
    await eventually('the purchase waits', async () => {
      const { rowCount } = await cancelling.query(
        `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      );
      return rowCount === 1;
    });
    await cancelling.query('commit');
    expectError(await answer, 'SHOW_NOT_ON_SALE');
  } finally {
    cancelling.release();
  }
  expect(await counters(world, ticketId)).toEqual({ quantity: 100, held: 0, sold: 0 });
});
