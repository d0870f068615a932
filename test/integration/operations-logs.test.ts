import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { type PublishedShow, purchase } from '../support/fixtures.js';
import { graphql } from '../support/graphql-client.js';
import { postBody, send } from '../support/http.js';
import { mailsAbout, settlesAs } from '../support/order-life.js';
import { sessionIn } from '../support/stripe.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
let show: PublishedShow;
beforeAll(async () => {
  world = await startWorld({ env: { LOG_LEVEL: 'debug' } });
  ({ show } = await world.sell({ tickets: [{ quantity: 100 }, { price: 2500, quantity: 100 }] }));
});
afterAll(async () => world.close());

const cart = (index: number) => ({
  showId: show.id,
  items: [{ ticketId: show.tickets[index]!.id, quantity: 1 }],
});

describe('the log', () => {
  it('tells of a purchase and of its payment under the ids of the requests that did it', async () => {
    const requestId = randomUUID();
    const bought = await purchase(world.server, cart(1), { headers: { 'x-request-id': requestId } });
    const made = await world.server.waitForLog(({ msg, orderId }) => {
      return msg === 'An order was made' && orderId === bought.order.id;
    });
    expect(made).toMatchObject({ level: 'info', requestId, showId: Number(show.id), status: 'PENDING' });
    expect(made).toMatchObject({ time: expect.any(String), pid: world.server.pid });
    expect(made.lockWaitMs).toEqual(expect.any(Number));
    await world.stripe.pay(sessionIn(bought.checkoutUrl));
    await settlesAs(world, bought.order.id, 'CONFIRMED', 'PAID');
    const webhook = await world.server.waitForLog(
      ({ outcome, eventType }) => outcome === 'applied' && eventType === 'checkout.session.completed',
    );
    expect(webhook).toMatchObject({ requestId: expect.any(String), eventId: expect.stringMatching(/^evt_/) });
    expect(webhook.requestId).not.toBe(requestId);
  });

  it('is one JSON object per line, whatever clients send', async () => {
    const bought = await purchase(world.server, cart(0));
    await mailsAbout(world, bought.order.id, 'confirmation');
    await postBody(world.server, '{');
    await postBody(world.server, randomBytes(1000));
    await send(world.server, '/%', { method: 'PUT' });
    await graphql(world.server, '{ nothing }');
    await malformedHttp(world.server.port);
    for (const message of ['{', 'x'.repeat(300 * 1024), JSON.stringify({ type: 'subscribe', id: '1' })]) {
      await closeCodeAfter(message);
    }
    await closeCodeAfter(JSON.stringify({ type: 'connection_init' }), { type: 'nonsense' });
    await brokenFrame();
    await graphql(world.server, '{ viewer { id } }');
    const lines = world.server.lines();
    expect(lines.length).toBeGreaterThan(10);
    for (const line of lines) {
      const entry = JSON.parse(line) as Record<string, unknown>;
      expect(entry).toMatchObject({ level: expect.any(String), time: expect.any(String) });
    }
  });
});

/** What is no HTTP at all. */
async function malformedHttp(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.end('NONSENSE\r\n\r\n');
  socket.resume();
  await once(socket, 'close');
}

function openSocket(): WebSocket {
  return new WebSocket(`${world.server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
}

/** Sends these messages on a WebSocket of their own, until the server closes it. */
async function closeCodeAfter(...messages: ReadonlyArray<string | object>): Promise<number> {
  const socket = openSocket();
  socket.on('error', () => undefined);
  await once(socket, 'open');
  for (const message of messages)
    socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  const [code] = await once(socket, 'close');
  expect(code).toBeGreaterThan(1000);
  return code;
}

/** Bytes on an open WebSocket that are no frame of its protocol. */
async function brokenFrame(): Promise<void> {
  const socket = openSocket();
  socket.on('error', () => undefined);
  await once(socket, 'open');
  (socket as unknown as { _socket: { write(bytes: Buffer): void } })._socket.write(
    Buffer.from([0xff, 0xff, 0xff]),
  );
  await once(socket, 'close');
}
