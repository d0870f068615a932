import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type PurchaseInput, tryPurchase } from '../support/fixtures.js';
import type { GraphQLAnswer } from '../support/graphql-client.js';
import { hasRedis } from '../support/run.js';
import { startWorld, type World } from '../support/world.js';
import { buyersOf, countersOf, orderedOf } from './rush.js';

const BUYERS = 150;
const TICKETS = 30;

let world: World;
beforeAll(async () => {
  world = await startWorld({ servers: hasRedis ? 2 : 1, env: { LOCK_WAIT_MS: '20' } });
});
afterAll(() => world.close());

/** Comes again as long as it is told to; returns the codes on the way, and the end of it. */
async function persist(server: { readonly url: string }, input: PurchaseInput): Promise<string[]> {
  const codes: string[] = [];
  for (;;) {
    const answer: GraphQLAnswer<unknown> = await tryPurchase(server, input);
    const [failure] = answer.errors;
    const code = failure === undefined ? 'BOUGHT' : String(failure.extensions?.code);
    codes.push(code);
    if (code !== 'INVENTORY_BUSY') return codes;
    expect(failure?.extensions?.retryAfterMs).toBeGreaterThan(0);
  }
}

describe('buyers who have to wait longer than LOCK_WAIT_MS', () => {
  it('are told when to come again, and those who do buy exactly what there is', async () => {
    const { show } = await world.sell({ tickets: [{ quantity: TICKETS }] });
    const tries = await Promise.all(
      buyersOf(show, BUYERS).map((input, index) =>
        persist(world.servers[index % world.servers.length]!, input),
      ),
    );
    expect(tries.flat()).toContain('INVENTORY_BUSY');
    const ends = tries.map((codes) => codes.at(-1));
    expect(ends.filter((end) => end === 'BOUGHT')).toHaveLength(TICKETS);
    expect(ends.filter((end) => end === 'SOLD_OUT')).toHaveLength(BUYERS - TICKETS);
    const ticketId = show.tickets[0]!.id;
    expect(await orderedOf(world.database.pool, ticketId)).toBe(TICKETS);
    expect(await countersOf(world.database.pool, ticketId)).toEqual({
      quantity: TICKETS,
      held: 0,
      sold: TICKETS,
    });
  });
});
