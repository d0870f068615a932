import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { startSmtpSink } from '../../dev/smtp-sink.js';
import { eventually } from '../support/eventually.js';
import { type PublishedShow, purchase, readOrder, tryPurchase } from '../support/fixtures.js';
import { expectData, graphql } from '../support/graphql-client.js';
import { send } from '../support/http.js';
import { watch } from '../support/inventory-watch.js';
import { closeGate } from '../support/order-gate.js';
import { mailsAbout } from '../support/order-life.js';
import type { TestServer } from '../support/server.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
let show: PublishedShow;
/** Those that are told to end; the world's own server serves on. */
const startAnother = (env: Record<string, string> = {}) => world.addServer({ env });
beforeAll(async () => {
  world = await startWorld();
  ({ show } = await world.sell({ tickets: [{ quantity: 1000 }, { price: 2500, quantity: 1000 }] }));
});
afterEach(() => world.stripe.faults.clear());
afterAll(async () => world.close());

const PROPERLY = { code: 0, signal: null };
const GOING_AWAY = { code: 1001, reason: 'Going away' };
const cart = (index = 0) => ({
  showId: show.id,
  items: [{ ticketId: show.tickets[index]!.id, quantity: 1 }],
});
const draining = (server: TestServer) => server.waitForLog(({ msg }) => msg === 'Draining');

describe('a server that is told to end', () => {
  it('finishes the purchases in flight, while another process serves on', async () => {
    const server = await startAnother();
    await using gate = await closeGate(world.database, show.id);
    const purchases = [1, 2, 3].map(() => tryPurchase(server, cart()));
    await gate.waiting();
    server.signal('SIGTERM');
    await draining(server);
    await graphql(world.server, '{ viewer { id } }').then(expectData);
    await gate.open();
    for (const answer of await Promise.all(purchases)) {
      const bought = expectData(answer).purchaseTickets;
      expect(bought.order.status).toBe('CONFIRMED');
      expect((await readOrder(world.server, bought)).attendees).toHaveLength(1);
    }
    expect(await server.exited).toEqual(PROPERLY);
    expect((await purchase(world.server, cart())).order.status).toBe('CONFIRMED');
  });

  it('finishes a purchase that waits for Stripe, and answers with its page', async () => {
    const server = await startAnother();
    const stall = await world.stripe.faults.add({
      kind: 'stall',
      match: { method: 'POST', path: '/v1/checkout/sessions' },
    });
    const answer = tryPurchase(server, cart(1));
    await world.stripe.faults.whenStruck(stall.id);
    server.signal('SIGTERM');
    await draining(server);
    await world.stripe.faults.clear();
    const bought = expectData(await answer).purchaseTickets;
    expect(bought.checkoutUrl).toMatch(/^http/);
    expect(await server.exited).toEqual(PROPERLY);
    await world.stripe.expireSession(/cs_\w+/.exec(bought.checkoutUrl!)![0]);
  });

  it('answers the purchase that came over a WebSocket before it closes it with 1001', async () => {
    const server = await startAnother();
    await using gate = await closeGate(world.database, show.id);
    const { socket, messages } = await openSocket(server);
    const query = `mutation { purchaseTickets(input: {
      showId: "${show.id}", items: [{ ticketId: "${show.tickets[0]!.id}", quantity: 1 }], email: "a@example.com"
    }) { order { id status } } }`;
    socket.send(JSON.stringify({ id: 'buy', type: 'subscribe', payload: { query } }));
    await gate.waiting();
    const closed = once(socket, 'close');
    server.signal('SIGTERM');
    await draining(server);
    await gate.open();
    const [code, reason] = await closed;
    expect(messages.slice(1)).toMatchObject([
      { id: 'buy', type: 'next', payload: { data: { purchaseTickets: { order: { status: 'CONFIRMED' } } } } },
      { id: 'buy', type: 'complete' },
    ]);
    expect({ code, reason: String(reason) }).toEqual(GOING_AWAY);
    expect(await server.exited).toEqual(PROPERLY);
  });

  it('finishes the purchase whose WebSocket was closed by the buyer', async () => {
    const server = await startAnother();
    await using gate = await closeGate(world.database, show.id);
    const { socket } = await openSocket(server);
    const email = 'gone@example.com';
    const query = `mutation { purchaseTickets(input: {
      showId: "${show.id}", items: [{ ticketId: "${show.tickets[1]!.id}", quantity: 1 }], email: "${email}"
    }) { order { id } } }`;
    socket.send(JSON.stringify({ id: 'buy', type: 'subscribe', payload: { query } }));
    await gate.waiting();
    socket.terminate();
    server.signal('SIGTERM');
    await draining(server);
    await gate.open();
    expect(await server.exited).toEqual(PROPERLY);
    const { rows } = await world.database.pool.query(
      'select checkout_session_id from orders where email = $1',
      [email],
    );
    expect(rows).toMatchObject([{ checkout_session_id: expect.stringMatching(/^cs_/) }]);
  });

  it('closes subscriptions with 1001 at once, and does not wait for clients that do not answer', async () => {
    const server = await startAnother();
    const watchers = [watch(server, show.id), watch(server, show.id)];
    for (const watcher of watchers) await watcher.next();
    const { socket } = await openSocket(server);
    socket.pause();
    server.signal('SIGTERM');
    for (const { subscription } of watchers) expect(await subscription.ended()).toEqual(GOING_AWAY);
    expect(await server.exited).toEqual(PROPERLY);
    socket.terminate();
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('ends with code 0 on %s, sent more than once', async (signal) => {
    const server = await startAnother();
    await using gate = await closeGate(world.database, show.id);
    const answer = tryPurchase(server, cart());
    await gate.waiting();
    for (let times = 0; times < 3; times += 1) server.signal(signal);
    await draining(server);
    await gate.open();
    expect(expectData(await answer).purchaseTickets.order.status).toBe('CONFIRMED');
    expect(await server.exited).toEqual(PROPERLY);
  });
});

describe('a server behind a balancer, told to end', () => {
  it('says first that it is not ready, and serves on until the balancer has noticed', async () => {
    const server = await startAnother({ DRAIN_DELAY_MS: '3000' });
    const agent = new Agent({ keepAlive: true });
    expect(await get(server, '/health/live', agent)).toMatchObject({ status: 200, connection: 'keep-alive' });
    server.signal('SIGTERM');
    await draining(server);
    const ready = await get(server, '/health/ready', agent);
    expect(ready).toMatchObject({ status: 503, connection: 'close' });
    expect(JSON.parse(ready.body)).toMatchObject({ status: 'unavailable', checks: { process: 'draining' } });
    expect((await get(server, '/health/live', agent)).status).toBe(200);
    expect((await purchase(server, cart())).order.status).toBe('CONFIRMED');
    expect(await server.exited).toEqual(PROPERLY);
    agent.destroy();
  });
});

describe('the jobs of a server that is told to end', () => {
  it('are finished when they run, and left to the next process when they wait', async () => {
    const sink = await startSmtpSink();
    await using _ = { [Symbol.asyncDispose]: () => sink.close() };
    const own = await startWorld({ env: { SMTP_URL: `smtp://127.0.0.1:${sink.port}` } });
    try {
      const sale = await own.sell({ tickets: [{ quantity: 100 }] });
      const items = [{ ticketId: sale.show.tickets[0]!.id, quantity: 1 }];
      const buy = () => purchase(own.server, { showId: sale.show.id, items });
      const release = sink.hold();
      const orders = await Promise.all(Array.from({ length: 12 }, buy));
      await eventually('mails are on their way', () => sink.mails.length > 0);
      own.server.signal('SIGTERM');
      await draining(own.server);
      release();
      expect(await own.server.exited).toEqual(PROPERLY);
      await own.addServer();
      for (const { order } of orders) {
        await eventually('the mail has come', () => sink.mails.some((mail) => mail.includes(order.id)));
        expect(sink.mails.filter((mail) => mail.includes(`<confirmation.${order.id}@`))).toHaveLength(1);
      }
    } finally {
      await own.close();
    }
  });

  it('do not keep it when there are none, nor does an idle connection', async () => {
    const server = await startAnother();
    const bought = await purchase(server, cart());
    expect(await mailsAbout(world, bought.order.id, 'confirmation')).toHaveLength(1);
    const agent = new Agent({ keepAlive: true });
    expect((await get(server, '/health/live', agent)).connection).toBe('keep-alive');
    expect(await server.stop()).toEqual(PROPERLY);
    agent.destroy();
    await expect(send(server, '/health/live')).rejects.toThrow();
  });
});

/** A WebSocket whose connection is initialised, to be spoken to by hand. */
async function openSocket(server: TestServer) {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  const messages: unknown[] = [];
  socket.on('message', (data) => messages.push(JSON.parse(String(data))));
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'connection_init' }));
  await eventually('the connection is acknowledged', () => messages.length === 1);
  return { socket, messages };
}

async function get(server: TestServer, path: string, agent: Agent) {
  const sent = request(`${server.url}${path}`, { agent }).end();
  const [response] = await once(sent, 'response');
  const body = await text(response);
  return { status: response.statusCode, connection: response.headers.connection, body };
}
