import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { graphql } from '../support/graphql-client.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

/** Asks for a WebSocket where there is none, and resets the connection as soon as it is refused. */
function askAndReset(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(
        'GET /elsewhere HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
          'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
      );
    });
    socket.once('data', (answer) => {
      socket.write('something to reset over');
      socket.resetAndDestroy();
      resolve(answer.toString());
    });
    socket.once('error', reject);
  });
}

describe('a client that resets its connection after its WebSocket was refused', () => {
  it('does not end the server', async () => {
    let ended = false;
    void world.server.exited.then(() => {
      ended = true;
    });
    for (let times = 0; times < 50; times += 1) {
      expect(await askAndReset(world.server.port)).toMatch(/^HTTP\/1\.1 404/);
    }
    expect((await graphql(world.server, '{ __typename }')).data).toEqual({ __typename: 'Query' });
    expect(ended).toBe(false);
  });
});
