import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { openSocket } from '../support/raw-socket.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld({ env: { WORKER: 'off' } });
});
afterAll(() => world.close());

// It was taken for a failure of the server: closed with 4500, and logged as an error, as often as anybody liked.
it.each([
  { type: 'connection_ack' },
  { id: '1', type: 'next', payload: { data: {} } },
  { id: '1', type: 'error', payload: [{ message: 'x' }] },
])('a message that only servers send is no message of a client: %j', async (message) => {
  const socket = await (await openSocket(world.server)).initialise();
  socket.send(message);
  expect(await socket.closed).toEqual({ code: 4400, reason: 'Invalid message received' });
  expect(world.server.logs().filter(({ level }) => level === 'error')).toEqual([]);
});
