import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { eventually } from '../support/eventually.js';
import type { Account, PublishedShow } from '../support/fixtures.js';
import { shown, watch } from '../support/inventory-watch.js';
import { metric } from '../support/metrics.js';
import { OPERATIONS } from '../support/operations.js';
import { openSocket } from '../support/raw-socket.js';
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

/** Of so many tickets that a message about all of them is large. */
async function crowdedShow() {
  const { show, seller } = await world.sell({ tickets: [{ quantity: 100 }] });
  await world.database.pool.query(
    `insert into ticket (show_id, name, price, currency, quantity)
     select $1, 'Seat ' || n, 0, 'USD', 100 from generate_series(2, $2::int) n`,
    [show.id, TICKETS],
  );
  return { show, seller };
}

/** @param quantity of the first ticket from now on; all others have one more than before */
async function changeAll(seller: Account, show: PublishedShow, quantity: number): Promise<void> {
  const ticketId = show.tickets[0]!.id;
  await world.database.pool.query(
    'update ticket set quantity = quantity + 1, version = version + 1 where show_id = $1 and id <> $2',
    [show.id, ticketId],
  );
  // It tells of every ticket that changed.
  await seller.client.data(OPERATIONS['Mutation.updateTicket'], { id: ticketId, input: { quantity } });
}

/** Of the server, in MB, after what is old has been let go of as far as it is by itself. */
async function memory(): Promise<number> {
  return (await metric(world.server, 'process_resident_memory_bytes')) / 1024 / 1024;
}

describe('a reader that does not read', () => {
  it('gets the newest state when it reads again, not all that happened meanwhile', async () => {
    const { show, seller } = await crowdedShow();
    const quick = watch(world.server, show.id);
    expect((await quick.next()).tickets).toHaveLength(TICKETS);
    const slow = await subscribeByHand(show.id);
    slow.stream.pause();

    const ticketId = show.tickets[0]!.id;
    for (let change = 1; change <= CHANGES; change += 1) {
      await changeAll(seller, show, 100 + change);
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
    for (const [index, update] of updates.slice(1).entries()) {
      expect(update.tickets[0]!.version).toBeGreaterThan(updates[index]!.tickets[0]!.version);
    }
    slow.socket.close();
    await quick.close();
  });

  it('costs no memory for what it does not read, however many of them there are', async () => {
    const { show, seller } = await crowdedShow();
    const slow = await Promise.all(Array.from({ length: 30 }, () => subscribeByHand(show.id)));
    for (const { stream } of slow) stream.pause();
    const quick = watch(world.server, show.id);
    const deferrals = () => metric(world.server, 'boxoffice_shared_deferrals_total');
    const [before, deferred] = [await memory(), await deferrals()];
    // If all of it were kept, these would be 30 times 60 messages of 200 kB: more than 350 MB.
    for (let change = 1; change <= 60; change += 1) {
      await changeAll(seller, show, 200 + change);
      await quick.untilAvailable(show.tickets[0]!.id, 200 + change);
    }
    expect(await deferrals()).toBeGreaterThan(deferred);
    expect((await memory()) - before).toBeLessThan(150);
    for (const { socket } of slow) socket.terminate();
    await quick.close();
  });

  it('is not listened to any more, whatever it asks for', async () => {
    const { show } = await crowdedShow();
    const asking = await (await openSocket(world.server)).initialise();
    const stream = (asking.socket as unknown as { _socket: Socket })._socket;
    // Long, so that the buffers of the system cannot take all of them.
    const padding = `#${'x'.repeat(20_000)}\n`;
    const query = `${padding} { show(id: ${show.id}) { tickets { id name available price { amount currency } } } }`;
    asking.subscribe('first', query);
    await asking.until(({ id, type }) => id === 'first' && type === 'complete');
    stream.pause();
    const before = await memory();
    // Answers of 150 kB and more, 2,000 times: if all were made, some 300 MB.
    for (let count = 0; count < 2_000; count += 1) asking.subscribe(String(count), query);
    for (let count = 0; count < 200_000; count += 1) asking.socket.ping();
    const quick = watch(world.server, show.id);
    expect((await quick.next()).tickets).toHaveLength(TICKETS);
    await quick.close();
    expect((await memory()) - before).toBeLessThan(150);
    // What it sent waits on its side.
    expect(asking.socket.bufferedAmount).toBeGreaterThan(0);
    stream.resume();
    await asking.until(({ id }) => id === '1999');
    await asking.close();
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
