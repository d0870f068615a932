import type { Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { graphql } from '../support/graphql-client.js';
import { openSocket, type RawSocket } from '../support/raw-socket.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld({ redis: false, env: { WORKER: 'off' } });
});
afterAll(() => world.close());

/** Below the protocol, so that nothing comes between the message and the end. */
function askAndReset({ socket }: RawSocket): void {
  socket.send(JSON.stringify({ type: 'ping' }));
  (socket as unknown as { _socket: Socket })._socket.resetAndDestroy();
}

// The answer could not be written, which was taken for a failure to handle the message and logged as an error. Many
// at once, so that the server finds message and reset together.
it('a client that resets its connection before it is answered is no failure', async () => {
  for (let round = 0; round < 3; round += 1) {
    const sockets = await Promise.all(Array.from({ length: 100 }, () => openSocket(world.server)));
    await Promise.all(sockets.map((socket) => socket.initialise()));
    for (const socket of sockets) askAndReset(socket);
    await Promise.all(sockets.map(({ closed }) => closed));
  }
  expect((await graphql(world.server, '{ __typename }')).data).toEqual({ __typename: 'Query' });
  expect(world.server.logs().filter(({ level }) => level === 'error')).toEqual([]);
});
