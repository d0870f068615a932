import { describe, expect, it, jest } from '@jest/globals';
import { auditInventory } from '../support/audit.js';
import { hasRedis } from '../support/run.js';
import { buyersOf, countersOf, orderedOf, rush, tally } from './rush.js';
import { type Guard, startUnguarded } from './unguarded.js';

// For a machine that does much else at the same time.
jest.setTimeout(180_000);

/** The rush of oversell.test.ts, or one of another size, at two servers that lack these guards. */
async function rushWithout(
  guards: readonly Guard[],
  { buyers, tickets }: { buyers: number; tickets: number },
) {
  const unguarded = await startUnguarded(...guards);
  try {
    const { pool } = unguarded.database;
    const show = await unguarded.sell([{ quantity: tickets }]);
    const outcomes = tally(await rush(unguarded.servers, buyersOf(show, buyers)));
    const ticketId = show.tickets[0]!.id;
    const audit = await auditInventory(pool).then(
      () => 'in order',
      (error: Error) => error.message,
    );
    return {
      outcomes,
      ordered: await orderedOf(pool, ticketId),
      counters: await countersOf(pool, ticketId),
      audit,
    };
  } finally {
    await unguarded.close();
  }
}

describe('500 buyers who go for 50 tickets at once', () => {
  it('are sold more than there are where neither locks nor conditions guard the counters', async () => {
    const { outcomes, ordered, audit } = await rushWithout(['locks', 'counters'], {
      buyers: 500,
      tickets: 50,
    });
    expect(ordered).toBeGreaterThan(50);
    expect(outcomes.CONFIRMED).toBe(ordered);
    expect(audit).toContain(`but its CONFIRMED orders bought ${ordered}`);
  });
});

describe('200 buyers who go for 20 tickets at once', () => {
  // The locks of two processes meet in Redis.
  const cases: ReadonlyArray<[string, Guard]> = [
    ['PostgreSQL guards the counters and there are no locks', 'locks'],
    ...(hasRedis ? [['the locks stand and nothing guards the counters', 'counters'] as [string, Guard]] : []),
  ];

  it.each(cases)('buy exactly what there is where %s', async (_where, missing) => {
    const { outcomes, ordered, counters, audit } = await rushWithout([missing], { buyers: 200, tickets: 20 });
    expect(outcomes).toEqual({ CONFIRMED: 20, SOLD_OUT: 180 });
    expect(ordered).toBe(20);
    expect(counters).toEqual({ quantity: 20, held: 0, sold: 20 });
    expect(audit).toBe('in order');
  });
});
