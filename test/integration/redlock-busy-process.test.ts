import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis as Client } from 'ioredis';
import { pino } from 'pino';
import type { Redis } from '../../dev/redis.js';
import { connectToRedis } from '../../src/inventory/redis-connections.js';
import { eventually } from '../support/eventually.js';
import { startTestRedis } from '../support/redis.js';
import { hasRedis } from '../support/run.js';

/** Far longer than any command may take. */
const BUSY_MS = 400;

/** Sends, and leaves this thread busy as in the middle of a rush: timers are due before sockets are read again. */
function pingFromBusyThread(client: Client): Promise<string> {
  return new Promise((resolve, reject) => {
    setImmediate(() => {
      client.ping().then(resolve, reject);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BUSY_MS);
    });
  });
}

(hasRedis ? describe : describe.skip)('the connection through which locks are taken', () => {
  let server: Redis;
  let client: Client;
  beforeAll(async () => {
    server = await startTestRedis();
  });
  beforeEach(async () => {
    client = connectToRedis(server.url, 'test', pino({ level: 'silent' }));
    await eventually('the connection is ready', () => client.status === 'ready');
  });
  afterEach(() => client.disconnect());
  afterAll(() => server.stop());

  it('takes a reply that this process was too busy to read for what it is', async () => {
    for (let round = 0; round < 3; round += 1) expect(await pingFromBusyThread(client)).toBe('PONG');
  });

  it('with the library’s own timeout would take it for a failure', async () => {
    const hasty = new Client(server.url, { commandTimeout: 140 });
    await eventually('the connection is ready', () => hasty.status === 'ready');
    await expect(pingFromBusyThread(hasty)).rejects.toThrow('timed out');
    hasty.disconnect();
  });

  it('gives up on a Redis that does not answer, and uses it again once it does', async () => {
    server.signal('SIGSTOP');
    try {
      await expect(client.ping()).rejects.toThrow('did not answer in time');
    } finally {
      server.signal('SIGCONT');
    }
    await eventually('Redis answers', async () => (await client.ping()) === 'PONG');
  });
});
