import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ORDER_SELECTION, type OrderView, purchase } from '../support/fixtures.js';
import { shown, told, watch } from '../support/inventory-watch.js';
import { sessionIn } from '../support/stripe.js';
import { subscribe } from '../support/websocket-client.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld({ redis: false });
});
afterAll(async () => world.close());

it('shows inventory and orders move without Redis, where one process is all there is', async () => {
  const { show } = await world.sell({ tickets: [{ price: 2500, quantity: 10 }, { quantity: 5 }] });
  const [paid, free] = show.tickets;
  const watcher = watch(world.server, show.id);
  expect((await watcher.next()).tickets).toHaveLength(2);
  await purchase(world.server, { showId: show.id, items: [{ ticketId: free!.id, quantity: 5 }] });
  await watcher.until((state) => state.get(free!.id)?.status === 'SOLD_OUT');

  const items = [{ ticketId: paid!.id, quantity: 2 }];
  const bought = await purchase(world.server, { showId: show.id, items });
  await watcher.untilAvailable(paid!.id, 8);
  const order = subscribe<{ orderUpdated: OrderView }>(
    world.server,
    `subscription Order($id: ID!, $accessToken: String) {
      orderUpdated(id: $id, accessToken: $accessToken) ${ORDER_SELECTION}
    }`,
    { id: bought.order.id, accessToken: bought.accessToken },
  );
  expect((await order.next()).orderUpdated.status).toBe('PENDING');
  await world.stripe.pay(sessionIn(bought.checkoutUrl));
  const { orderUpdated } = await order.nextWhere((message) => message.orderUpdated.status === 'CONFIRMED');
  expect(orderUpdated.attendees).toHaveLength(2);
  expect(told(watcher)).toEqual(await shown(world.server, show.id));
  await Promise.all([watcher.close(), order.close()]);
});
