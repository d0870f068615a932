import { describe, expect, it } from '@jest/globals';
import { auditInventory } from '../support/audit.js';
import { hasRedis } from '../support/run.js';
import { buyersOf, countersOf, orderedOf, rush, tally } from './rush.js';
import { type Guard, startUnguarded } from './unguarded.js';

const BUYERS = 500;
const TICKETS = 50;

/** The rush of oversell.test.ts, at two servers that lack these guards. */
async function rushWithout(...guards: readonly Guard[]) {
  const unguarded = await startUnguarded(...guards);
  try {
    const { pool } = unguarded.database;
    const show = await unguarded.sell([{ quantity: TICKETS }]);
    const outcomes = tally(await rush(unguarded.servers, buyersOf(show, BUYERS)));
    const ticketId = show.tickets[0]!.id;
    const audit = await auditInventory(pool).then(
      () => 'in order',
      (error: Error) => error.message,
    );
    return { outcomes, ordered: await orderedOf(pool, ticketId), counters: await countersOf(pool, ticketId), audit };
  } finally {
    await unguarded.close();
  }
}

describe(`${BUYERS} buyers who go for ${TICKETS} tickets at once`, () => {
  it('are sold more than there are where neither locks nor conditions guard the counters', async () => {
    const { outcomes, ordered, audit } = await rushWithout('locks', 'counters');
    expect(ordered).toBeGreaterThan(TICKETS);
    expect(outcomes.CONFIRMED).toBe(ordered);
    expect(audit).toContain(`but its CONFIRMED orders bought ${ordered}`);
  });

  it('buy exactly what there is where PostgreSQL guards the counters and there are no locks', async () => {
    const { outcomes, ordered, counters, audit } = await rushWithout('locks');
    expect(outcomes).toEqual({ CONFIRMED: TICKETS, SOLD_OUT: BUYERS - TICKETS });
    expect(ordered).toBe(TICKETS);
    expect(counters).toEqual({ quantity: TICKETS, held: 0, sold: TICKETS });
    expect(audit).toBe('in order');
  });

  // The locks of two processes meet in Redis.
  (hasRedis ? it : it.skip)(
    'buy exactly what there is where the locks stand and nothing guards the counters',
    async () => {
      const { outcomes, ordered, counters, audit } = await rushWithout('counters');
      expect(outcomes.CONFIRMED).toBe(TICKETS);
      expect(ordered).toBe(TICKETS);
      expect(counters).toEqual({ quantity: TICKETS, held: 0, sold: TICKETS });
      expect(audit).toBe('in order');
    },
  );
});
