import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type PublishedShow, purchase } from '../support/fixtures.js';
import { endHold } from '../support/order-life.js';
import { startWorld, type World } from '../support/world.js';

/** Within 10 s of its time; a round of the others may be 2 s away when it becomes theirs. */
const MOST_SECONDS = 6;

let world: World;
let show: PublishedShow;
beforeAll(async () => {
  world = await startWorld();
  ({ show } = await world.sell({ tickets: [{ price: 2500, quantity: 10 }] }));
});
afterAll(async () => {
  await world.stripe.faults.clear();
  await world.close();
});

describe('a hold that a worker has begun to end', () => {
  it('is soon the others’ to end, should that worker die', async () => {
    const items = [{ ticketId: show.tickets[0]!.id, quantity: 1 }];
    const { order } = await purchase(world.server, { showId: show.id, items });
    const stall = await world.stripe.faults.add({ kind: 'stall', match: { path: 'expire$' } });
    await endHold(world, order.id);
    await world.stripe.faults.whenStruck(stall.id);
    const { rows } = await world.database.pool.query<{ seconds: number }>(
      'select extract(epoch from check_at - now())::float as seconds from orders where id = $1',
      [order.id],
    );
    expect(rows[0]!.seconds).toBeLessThan(MOST_SECONDS);
  });
});
