import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { tryPurchase } from '../support/fixtures.js';
import { expectError } from '../support/graphql-client.js';
import { counters } from '../support/order-life.js';
import type { TestServer } from '../support/server.js';
import { startWorld, type World } from '../support/world.js';

/** Where packets vanish: it listens, and lets nobody in. A connection that is begun stays begun. */
interface BlackHole {
  readonly port: number;
  close(): void;
}

const LISTEN = `const server = require('node:net').createServer();
  server.listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => console.log(server.address().port));`;

async function startBlackHole(): Promise<BlackHole> {
  const child: ChildProcess = spawn(process.execPath, ['-e', LISTEN], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(child.stdout!, 'data');
  const port = Number(String(line));
  // Nobody accepts any more; once the queue of those who wait for that is full, the system answers to no one.
  child.kill('SIGSTOP');
  const waiting: Socket[] = [];
  for (let isFull = false; !isFull; ) {
    const socket = connect({ host: '127.0.0.1', port });
    socket.on('error', () => {});
    waiting.push(socket);
    isFull = await Promise.race([once(socket, 'connect').then(() => false), delay(1_000, true)]);
  }
  return {
    port,
    close() {
      for (const socket of waiting) socket.destroy();
      child.kill('SIGKILL');
    },
  };
}

let world: World;
let hole: BlackHole;
let server: TestServer;
beforeAll(async () => {
  world = await startWorld({ env: { WORKER: 'off' } });
  hole = await startBlackHole();
  server = await world.addServer({ env: { STRIPE_API_BASE: `http://127.0.0.1:${hole.port}` } });
});
afterAll(async () => {
  hole.close();
  await world.close();
});

describe('a payment provider with which not even a connection can be made', () => {
  it('keeps no buyer waiting for as long as the system tries, and holds nothing', async () => {
    const { show } = await world.sell({ tickets: [{ price: 2500, quantity: 5 }] });
    const ticketId = show.tickets[0]!.id;
    const answer = await tryPurchase(server, { showId: show.id, items: [{ ticketId, quantity: 5 }] });
    expectError(answer, 'PAYMENT_PROVIDER_UNAVAILABLE');
    expect(await counters(world, ticketId)).toEqual({ quantity: 5, held: 0, sold: 0 });
  });
});
