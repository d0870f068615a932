import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { startWorld, type World } from '../support/world.js';

/** A client has 3 s for it. */
const LONGER_THAN_ALLOWED_MS = 3_500;

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

async function connected(): Promise<WebSocket> {
  const socket = new WebSocket(`${world.server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  await once(socket, 'open');
  return socket;
}

/** What it hears first: a message, or how it is closed. */
function firstHeard(socket: WebSocket): Promise<string> {
  return new Promise((resolve) => {
    socket.once('message', (data) => resolve(String(data)));
    socket.once('close', (code, reason) => resolve(`${code} ${reason}`));
  });
}

describe('connection_init', () => {
  it('is waited for only so long', async () => {
    const socket = await connected();
    const asked = performance.now();
    expect(await firstHeard(socket)).toBe('4408 Connection initialisation timeout');
    expect(performance.now() - asked).toBeGreaterThan(2_900);
  });

  it('is in time where the process was stopped while it was due', async () => {
    const [early, late] = [await connected(), await connected()];
    const heard = Promise.all([firstHeard(early), firstHeard(late)]);
    world.server.signal('SIGSTOP');
    try {
      early.send('{"type":"connection_init"}');
      await delay(LONGER_THAN_ALLOWED_MS);
    } finally {
      world.server.signal('SIGCONT');
    }
    await delay(200);
    late.send('{"type":"connection_init"}');
    expect(await heard).toEqual(['{"type":"connection_ack"}', '{"type":"connection_ack"}']);
    early.terminate();
    late.terminate();
  });
});
