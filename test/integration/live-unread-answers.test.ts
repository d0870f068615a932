import type { Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { graphql } from '../support/graphql-client.js';
import { metric } from '../support/metrics.js';
import { openSocket } from '../support/raw-socket.js';
import { startWorld, type World } from '../support/world.js';

const TICKETS = 2_000;
const QUERIES = 2_000;

let world: World;
beforeAll(async () => {
  world = await startWorld({ env: { WORKER: 'off' } });
});
afterAll(() => world.close());

/** Of the server, in MB. */
const memory = async () => (await metric(world.server, 'process_resident_memory_bytes')) / 1024 / 1024;

it('a client that never reads is not listened to any more, whatever it asks for', async () => {
  const { show } = await world.sell({ tickets: [{}] });
  await world.database.pool.query(
    `insert into ticket (show_id, name, price, currency, quantity)
     select $1, 'Seat ' || n, 0, 'USD', 100 from generate_series(2, $2::int) n`,
    [show.id, TICKETS],
  );
  // Long, so that the buffers of the system cannot take all of them.
  const query = `#${'x'.repeat(20_000)}\n{ show(id: ${show.id}) { tickets { id name available price { amount } } } }`;
  const asking = await (await openSocket(world.server)).initialise();
  asking.subscribe('first', query);
  await asking.until(({ id, type }) => id === 'first' && type === 'complete');
  (asking.socket as unknown as { _socket: Socket })._socket.pause();
  const before = await memory();
  // Answers of some 150 kB: 300 MB, if all were made and kept.
  for (let count = 0; count < QUERIES; count += 1) asking.subscribe(String(count), query);
  // Others are answered, and by then what has been read of it has been executed.
  for (let times = 0; times < 20; times += 1) {
    expect((await graphql(world.server, '{ viewer { id } }')).errors).toEqual([]);
  }
  expect((await memory()) - before).toBeLessThan(150);
  // What it sent waits on its side.
  expect(asking.socket.bufferedAmount).toBeGreaterThan(10 * 1024 * 1024);
  asking.socket.terminate();
});
