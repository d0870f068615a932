import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { tryPurchase } from '../support/fixtures.js';
import { expectError } from '../support/graphql-client.js';
import { type SqlTap, startSqlTap } from '../support/sql-tap.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
let tap: SqlTap;
beforeAll(async () => {
  world = await startWorld({ env: { WORKER: 'off' } });
  tap = await startSqlTap(world.database.url);
});
afterAll(() => world.close());

describe('while the database cannot be had', () => {
  it('buyers are told when to ask again, and nothing of why', async () => {
    const { show } = await world.sell({ tickets: [{ quantity: 10 }] });
    const server = await world.addServer({ databaseUrl: tap.url });
    await tap.close();
    const input = { showId: show.id, items: [{ ticketId: show.tickets[0]!.id, quantity: 1 }] };
    const failure = expectError(await tryPurchase(server, input), 'INTERNAL_SERVER_ERROR');
    expect(failure.message).toBe('Internal server error');
    expect(failure.extensions).toEqual({
      code: 'INTERNAL_SERVER_ERROR',
      requestId: expect.any(String),
      retryAfterMs: 1_000,
    });
  });
});
