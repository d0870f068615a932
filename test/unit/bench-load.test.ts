import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { HttpConnection } from '../../bench/support/http-connection.js';
import { Latencies } from '../../bench/support/latencies.js';
import { runLoad } from '../../bench/support/load.js';

const BOUGHT = JSON.stringify({
  data: {
    purchaseTickets: {
      order: { id: '00000000-0000-4000-8000-000000000000', reference: 'ABCDEFGH', status: 'CONFIRMED' },
      accessToken: 'token',
    },
  },
});
const WORK = { kind: 'purchase', targets: [{ showId: 1, ticketId: 1 }] } as const;

describe('the load of a benchmark', () => {
  let server: Server;
  afterEach(() => void server.close());

  async function serve(
    answer: (request: IncomingMessage, response: ServerResponse) => void,
  ): Promise<string> {
    server = createServer((request, response) => request.resume().on('end', () => answer(request, response)));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
  const say = (text: string) => (_request: IncomingMessage, response: ServerResponse) => {
    response.writeHead(200, { 'content-length': Buffer.byteLength(text) }).end(text);
  };

  it('counts every right answer once', async () => {
    let served = 0;
    const url = await serve((request, response) => {
      served += 1;
      say(BOUGHT)(request, response);
    });
    const result = await runLoad({ urls: [url], connections: 4, seconds: 2, work: WORK });
    expect(result.answered).toBe(served);
    expect(result.answered).toBeGreaterThan(4);
    expect(Latencies.of(result.latencies).count).toBe(served);
    expect(result.refused).toEqual({});
  });

  it('counts refusals by their code, and not as sales', async () => {
    const url = await serve(say('{"data":null,"errors":[{"message":"x","extensions":{"code":"SOLD_OUT"}}]}'));
    const result = await runLoad({ urls: [url], connections: 1, seconds: 0.1, work: WORK });
    expect(result.refused.SOLD_OUT).toBeGreaterThan(0);
    expect([result.rate, result.answered]).toEqual([0, 0]);
  });

  it.each([
    [
      'another error',
      '{"data":null,"errors":[{"message":"x","extensions":{"code":"INTERNAL_SERVER_ERROR"}}]}',
    ],
    ['an order that is not confirmed', BOUGHT.replace('CONFIRMED', 'PENDING')],
    ['half of an answer', BOUGHT.slice(0, -20)],
  ])('ends at %s', async (_what, text) => {
    const url = await serve(say(text));
    await expect(runLoad({ urls: [url], connections: 2, seconds: 5, work: WORK })).rejects.toThrow(
      'A wrong answer, with status 200',
    );
  });

  it('asks at the rate it is given, and counts the wait of who had to wait for an earlier answer', async () => {
    const url = await serve(async (request, response) => {
      await delay(50);
      say(BOUGHT)(request, response);
    });
    const job = { urls: [url], connections: 1, seconds: 0.5, work: WORK, perSecond: 100 };
    const result = await runLoad(job);
    // One connection answers 20 a second of the 100 that come: the last has waited for almost all of the time.
    expect(result.answered).toBeLessThanOrEqual(10);
    expect(Latencies.of(result.latencies).percentile(100)).toBeGreaterThan(250);
  });

  it('puts an answer together from the pieces that it comes in', async () => {
    const body = 'ä'.repeat(100_000);
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': Buffer.byteLength(body) });
      response.write(body.slice(0, 10));
      setTimeout(() => response.end(body.slice(10)), 20);
    });
    const connection = new HttpConnection(url);
    const answers = [
      await connection.send({ method: 'GET', path: '/' }),
      await connection.send({ method: 'POST', path: '/', body: 'x' }),
    ];
    expect(answers.map((answer) => [answer.status, answer.body.toString() === body])).toEqual([
      [200, true],
      [200, true],
    ]);
    connection.close();
  });

  it('fails when the server closes the connection in between', async () => {
    const url = await serve((request) => request.socket.destroy());
    await expect(new HttpConnection(url).send({ method: 'GET', path: '/' })).rejects.toThrow();
  });
});
