import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { eventually } from '../support/eventually.js';
import { shown, watch } from '../support/inventory-watch.js';
import { metric } from '../support/metrics.js';
import { OPERATIONS } from '../support/operations.js';
import { startWorld, type World } from '../support/world.js';

/** Messages of some 200 kB: the buffers of the system are full after a few dozen. */
const TICKETS = 2_000;
const CHANGES = 100;

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(async () => world.close());

interface Message {
  readonly type: string;
  readonly payload?: {
    readonly data: {
      readonly inventoryChanged: {
        readonly tickets: ReadonlyArray<{ ticketId: string; available: number; version: number }>;
      };
    };
  };
}

/** Subscribes by hand, to hold the socket itself. */
async function subscribeByHand(showId: string) {
  const socket = new WebSocket(`${world.server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  const messages: Message[] = [];
  socket.on('message', (data) => messages.push(JSON.parse(String(data)) as Message));
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'connection_init' }));
  await eventually('the connection is acknowledged', () => messages.length === 1);
  const query = `subscription { inventoryChanged(showId: ${showId}) { tickets { ticketId available version } } }`;
  socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query } }));
  await eventually('the first message has come', () => messages.length === 2);
  const stream = (socket as unknown as { _socket: Socket })._socket;
  const updates = () => messages.flatMap(({ payload }) => payload?.data.inventoryChanged ?? []);
  return { socket, stream, updates };
}

describe('a reader that does not read', () => {
  it('gets the newest state when it reads again, not all that happened meanwhile', async () => {
    const { show, seller } = await world.sell({ tickets: [{ quantity: 100 }] });
    await world.database.pool.query(
      `insert into ticket (show_id, name, price, currency, quantity)
       select $1, 'Seat ' || n, 0, 'USD', 100 from generate_series(2, $2::int) n`,
      [show.id, TICKETS],
    );
    const quick = watch(world.server, show.id);
    expect((await quick.next()).tickets).toHaveLength(TICKETS);
    const slow = await subscribeByHand(show.id);
    slow.stream.pause();

    const ticketId = show.tickets[0]!.id;
    for (let change = 1; change <= CHANGES; change += 1) {
      await world.database.pool.query(
        'update ticket set quantity = quantity + 1, version = version + 1 where show_id = $1 and id <> $2',
        [show.id, ticketId],
      );
      // It tells of every ticket that changed.
      await seller.client.data(OPERATIONS['Mutation.updateTicket'], {
        id: ticketId,
        input: { quantity: 100 + change },
      });
      await quick.untilAvailable(ticketId, 100 + change);
    }
    expect(slow.updates()).toHaveLength(1);
    slow.stream.resume();
    await eventually('the newest state has come', () => {
      const [newest] = slow.updates().slice(-1);
      return newest!.tickets.every(({ available }) => available === 100 + CHANGES);
    });
    const updates = slow.updates();
    expect(updates.at(-1)!.tickets.map(({ ticketId: id, available }) => ({ id, available }))).toEqual(
      (await shown(world.server, show.id)).map(({ ticketId: id, available }) => ({ id, available })),
    );
    expect(quick.updates.length).toBeGreaterThan(CHANGES);
    expect(updates.length).toBeLessThan(quick.updates.length / 2);
    const newest = new Map<string, number>();
    for (const { ticketId: id, version } of updates.flatMap(({ tickets }) => tickets)) {
      expect(version).toBeGreaterThan(newest.get(id) ?? 0);
      newest.set(id, version);
    }
    slow.socket.close();
    await quick.close();
  });

  it('that is gone without a word is forgotten', async () => {
    const { show } = await world.sell({ tickets: [{ quantity: 100 }] });
    const { stream } = await subscribeByHand(show.id);
    const count = () => metric(world.server, 'boxoffice_subscribers', { field: 'inventoryChanged' });
    const before = await count();
    stream.destroy();
    await eventually('it is forgotten', async () => (await count()) === before - 1);
  });
});
