import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { purchase, uniqueEmail } from '../support/fixtures.js';
import { hasRedis } from '../support/run.js';
import { subscribe } from '../support/websocket-client.js';
import { startWorld, type World } from '../support/world.js';

interface Update {
  readonly inventoryChanged: { readonly tickets: ReadonlyArray<{ available: number }> };
}

const GARBAGE = ['', 'x', 'x {', 'x null', 'x []', 'x {"tickets":7}', 'x {"tickets":[{}],"counters":[null]}'];

(hasRedis ? describe : describe.skip)('messages in Redis that nobody understands', () => {
  let world: World;
  let redis: Redis;
  beforeAll(async () => {
    world = await startWorld();
    redis = new Redis(world.redis!.url);
  });
  afterAll(async () => {
    redis.disconnect();
    await world.close();
  });

  it('end neither the process nor what its subscribers are told', async () => {
    const { show } = await world.sell({ tickets: [{ quantity: 5, price: 0 }] });
    const watch = await subscribe<Update>(
      world.server,
      'subscription ($id: ID!) { inventoryChanged(showId: $id) { tickets { available } } }',
      { id: show.id },
    );
    expect((await watch.next()).inventoryChanged.tickets).toEqual([{ available: 5 }]);
    for (const channel of [`inventory:${show.id}`, 'inventory:', 'inventory:x', 'turns']) {
      for (const message of GARBAGE) await redis.publish(channel, message);
    }
    await purchase(world.server, {
      showId: show.id,
      items: [{ ticketId: show.tickets[0]!.id, quantity: 2 }],
      email: uniqueEmail(),
    });
    expect((await watch.next()).inventoryChanged.tickets).toEqual([{ available: 3 }]);
    await watch.close();
  });
});
