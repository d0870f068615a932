import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ORDER_SELECTION, type OrderView, purchase } from '../support/fixtures.js';
import { expectData } from '../support/graphql-client.js';
import { watch } from '../support/inventory-watch.js';
import { cancelAsBuyer } from '../support/order-life.js';
import { subscribe } from '../support/websocket-client.js';
import { startWorld, type World } from '../support/world.js';

// As when the process that changed something dies before it tells, or tells while Redis is away: nothing that one of
// these two says reaches the other.
let world: World;
beforeAll(async () => {
  world = await startWorld({ servers: 2, redis: false });
});
afterAll(() => world.close());

describe('who watches at a process that heard nothing', () => {
  it('is told what was sold elsewhere', async () => {
    const { show } = await world.sell({ tickets: [{ quantity: 3 }] });
    const [ticket] = show.tickets;
    const watcher = watch(world.servers[1]!, show.id);
    await watcher.untilAvailable(ticket!.id, 3);
    await purchase(world.server, { showId: show.id, items: [{ ticketId: ticket!.id, quantity: 2 }] });
    await watcher.untilAvailable(ticket!.id, 1);
    await watcher.close();
  });

  it('is told what became of an order, once', async () => {
    const { show } = await world.sell({ tickets: [{ quantity: 3, price: 2500 }] });
    const items = [{ ticketId: show.tickets[0]!.id, quantity: 1 }];
    const bought = await purchase(world.server, { showId: show.id, items });
    const order = subscribe<{ orderUpdated: OrderView }>(
      world.servers[1]!,
      `subscription ($id: ID!, $accessToken: String) {
        orderUpdated(id: $id, accessToken: $accessToken) ${ORDER_SELECTION}
      }`,
      { id: bought.order.id, accessToken: bought.accessToken },
    );
    expect((await order.next()).orderUpdated.status).toBe('PENDING');
    expectData(await cancelAsBuyer(world.server, bought));
    await order.nextWhere(({ orderUpdated }) => orderUpdated.status === 'CANCELLED', 30_000);
    const told = order.received.length;
    // Another watcher who hears of a later change shows that there was time to be told again.
    const { show: later } = await world.sell({ tickets: [{ quantity: 3 }] });
    const watcher = watch(world.servers[1]!, later.id);
    await watcher.untilAvailable(later.tickets[0]!.id, 3);
    await purchase(world.server, {
      showId: later.id,
      items: [{ ticketId: later.tickets[0]!.id, quantity: 1 }],
    });
    await watcher.untilAvailable(later.tickets[0]!.id, 2);
    expect(order.received).toHaveLength(told);
    await Promise.all([order.close(), watcher.close()]);
  });
});
