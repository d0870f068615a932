import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type PublishedShow, purchase } from '../support/fixtures.js';
import { endHold, settlesAs } from '../support/order-life.js';
import type { TestServer } from '../support/server.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
/** A minute behind. */
let late: TestServer;
let show: PublishedShow;
beforeAll(async () => {
  world = await startWorld({ env: { WORKER: 'off', HOLD_MINUTES: '5' } });
  const clock = pathToFileURL('dist/test/support/skewed-clock.js').href;
  late = await world.addServer({ env: { WORKER: 'on', NODE_OPTIONS: `--import ${clock}` } });
  ({ show } = await world.sell({ tickets: [{ price: 2500, quantity: 10 }] }));
});
afterAll(() => world.close());

const buy = () =>
  purchase(late, { showId: show.id, items: [{ ticketId: show.tickets[0]!.id, quantity: 1 }] });

describe('a process whose clock is wrong', () => {
  it('holds tickets for as long as any other', async () => {
    const { order } = await buy();
    const { rows } = await world.database.pool.query(
      `select created_at > now() - interval '30 seconds' as now, expires_at - created_at = interval '5 minutes' as held
       from orders where id = $1`,
      [order.id],
    );
    expect(rows).toEqual([{ now: true, held: true }]);
  });

  it('gives a hold back when its time is over', async () => {
    const { order } = await buy();
    await endHold(world, order.id);
    await settlesAs(world, order.id, 'EXPIRED', 'UNPAID');
  });
});
