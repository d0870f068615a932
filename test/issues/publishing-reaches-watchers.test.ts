import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { callerOf, createProducer, signUp } from '../support/fixtures.js';
import { subscribe } from '../support/websocket-client.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

interface Update {
  readonly inventoryChanged: { readonly tickets: ReadonlyArray<{ status: string; version: number }> };
}

describe('publishing a show', () => {
  it('is told to those of its team who watch it already', async () => {
    const { token } = await signUp(world.server);
    const call = callerOf(world.server, token);
    const producer = await createProducer(world.server, token);
    const { createShow } = await call<{ createShow: { id: string } }>(
      'mutation ($input: CreateShowInput!) { createShow(input: $input) { id } }',
      {
        input: {
          producerId: producer.id,
          title: 'A Draft',
          timeZone: 'Europe/Berlin',
          startsAt: new Date(Date.now() + 86_400_000).toISOString(),
        },
      },
    );
    await call(
      'mutation ($id: ID!) { createTicket(showId: $id, input: { name: "One", price: 0, quantity: 5 }) { id } }',
      {
        id: createShow.id,
      },
    );
    const watch = await subscribe<Update>(
      world.server,
      'subscription ($id: ID!) { inventoryChanged(showId: $id) { tickets { status version } } }',
      { id: createShow.id },
      { token },
    );
    const before = (await watch.next()).inventoryChanged.tickets[0];
    expect(before?.status).toBe('SCHEDULED');
    await call('mutation ($id: ID!) { publishShow(id: $id) { id } }', { id: createShow.id });
    const after = (await watch.next()).inventoryChanged.tickets[0];
    expect(after?.status).toBe('ON_SALE');
    expect(after?.version).toBeGreaterThan(before?.version ?? Number.POSITIVE_INFINITY);
    await watch.close();
  });
});
