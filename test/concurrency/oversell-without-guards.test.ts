import { describe, expect, it, jest } from '@jest/globals';
import { auditInventory } from '../support/audit.js';
import { hasRedis } from '../support/run.js';
import { buyersOf, countersOf, orderedOf, rush, tally } from './rush.js';
import { type Guard, startUnguarded, type Unguarded } from './unguarded.js';

// For a machine that does much else at the same time.
jest.setTimeout(180_000);

/** As many as oversell.test.ts has, in none of which a ticket is sold twice. */
const RUNS = 20;

interface Size {
  readonly buyers: number;
  readonly tickets: number;
}

/** The rush of oversell.test.ts, or one of another size, at two servers that lack some guards. */
async function rushAt(unguarded: Unguarded, { buyers, tickets }: Size) {
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
}

async function rushWithout(guards: readonly Guard[], size: Size) {
  const unguarded = await startUnguarded(...guards);
  try {
    return await rushAt(unguarded, size);
  } finally {
    await unguarded.close();
  }
}

describe('500 buyers who go for 50 tickets at once', () => {
  it('are sold more than there are, within as many runs as it never happens in, where nothing guards the counters', async () => {
    const unguarded = await startUnguarded('locks', 'counters');
    try {
      // Whoever waits at one server is served in one transaction: in some runs the two servers miss each other.
      for (let run = 1; ; run += 1) {
        const { outcomes, ordered, audit } = await rushAt(unguarded, { buyers: 500, tickets: 50 });
        expect(outcomes.CONFIRMED).toBe(ordered);
        if (ordered <= 50 && run < RUNS) continue;
        expect(ordered).toBeGreaterThan(50);
        // Either one server's count was written over, or both were counted and are too many.
        const [lost, tooMany] = [
          `but its CONFIRMED orders bought ${ordered}`,
          `sold ${ordered} is more than its quantity 50`,
        ];
        expect([lost, tooMany].some((finding) => audit.includes(finding))).toBe(true);
        return;
      }
    } finally {
      await unguarded.close();
    }
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
