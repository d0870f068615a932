import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { purchase, uniqueEmail } from '../support/fixtures.js';
import { metric } from '../support/metrics.js';
import { closeGate } from '../support/order-gate.js';
import type { TestServer } from '../support/server.js';
import { type SqlTap, startSqlTap } from '../support/sql-tap.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
let tap: SqlTap;
let server: TestServer;
beforeAll(async () => {
  world = await startWorld({ env: { WORKER: 'off' } });
  tap = await startSqlTap(world.database.url);
  server = await world.addServer({ databaseUrl: tap.url });
});
afterAll(async () => {
  await world.close();
  await tap.close();
});

async function ordersOf(showId: string): Promise<string[]> {
  const { rows } = await world.database.pool.query<{ id: string }>(
    'select id from orders where show_id = $1 order by id',
    [showId],
  );
  return rows.map(({ id }) => id);
}

/** The commit of the transaction that is the next to make attendees. */
function nextCommit(): (statement: string) => boolean {
  let made = false;
  return (statement) => {
    made ||= /^insert into "attendee"/i.test(statement);
    return made && /^commit/i.test(statement);
  };
}

describe('a commit whose answer is lost', () => {
  it('makes no order of a batch twice, although nobody sent an idempotency key', async () => {
    const { show } = await world.sell({ tickets: [{ quantity: 10, price: 0 }] });
    const input = () => ({
      showId: show.id,
      items: [{ ticketId: show.tickets[0]!.id, quantity: 1 }],
      email: uniqueEmail(),
    });
    await using gate = await closeGate(world.database, show.id);
    const buying = [purchase(server, input())];
    await gate.waiting();
    buying.push(...Array.from({ length: 3 }, () => purchase(server, input())));
    await eventually('three wait', async () => (await metric(server, 'boxoffice_purchases_waiting')) === 3);
    tap.loseAnswerTo(nextCommit());
    await gate.open();
    const bought = await Promise.all(buying);
    expect(tap.lost).toBe(1);
    const ids = bought.map(({ order }) => order.id).sort();
    expect(new Set(ids).size).toBe(4);
    expect(ids).toEqual(await ordersOf(show.id));
  });

  it('does not fail a purchase that was alone', async () => {
    const { show } = await world.sell({ tickets: [{ quantity: 10, price: 0 }] });
    tap.loseAnswerTo(nextCommit());
    const { order } = await purchase(server, {
      showId: show.id,
      items: [{ ticketId: show.tickets[0]!.id, quantity: 1 }],
      email: uniqueEmail(),
    });
    expect(tap.lost).toBe(2);
    expect(await ordersOf(show.id)).toEqual([order.id]);
  });
});
