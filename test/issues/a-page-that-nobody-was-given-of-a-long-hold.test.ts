import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { giveUp, LOST, sessionsOf } from '../integration/checkout-again-support.js';
import { eventually } from '../support/eventually.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld({ env: { HOLD_MINUTES: '120' } });
});
afterAll(() => world.close());

describe('a page that nobody was given', () => {
  it('is closed for as long as it can be paid on, though Stripe was away for more than an hour', async () => {
    const { givenUp } = await giveUp(world, ...LOST);
    const [before] = await sessionsOf(world, givenUp.orderId);
    expect(before).toMatchObject({ status: 'open' });
    // An hour passes for the order alone; its page is asked for in the same words as before.
    await world.database.pool.query(
      "update orders set created_at = created_at - interval '61 minutes', check_at = now() where id = $1",
      [givenUp.orderId],
    );
    await eventually(
      'the page is closed',
      async () => (await sessionsOf(world, givenUp.orderId)).every(({ status }) => status === 'expired'),
      30_000,
    );
  });
});
