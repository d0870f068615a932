import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { Boundaries, Step } from './boundaries.js';

export interface HttpSteps extends AsyncDisposable {
  readonly url: string;
}

export interface HttpStepsOptions {
  /** Undefined while nothing serves: connections are then cut. */
  readonly target: () => string | undefined;
  readonly boundaries: Boundaries;
  readonly sides: ReadonlyArray<Step['side']>;
  /** What the requests' names begin with. */
  readonly name: string;
}

interface Reply {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** Stands between who asks over HTTP and who answers, and tells of each request before and after its effect. */
export async function startHttpSteps(options: HttpStepsOptions): Promise<HttpSteps> {
  const server = createServer((incoming, outgoing) => {
    exchange(options, incoming, outgoing).catch(() => void outgoing.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function exchange(
  { target, boundaries, sides, name }: HttpStepsOptions,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const step = `${name} ${incoming.method} ${incoming.url?.split('?')[0]?.replace(/\/[a-z]+_\w{6,}/g, '/:id')}`;
  const body = await buffer(incoming);
  const base = target();
  const passes = async (side: Step['side']) =>
    !sides.includes(side) || (await boundaries.reach({ side, name: step }));
  if (base === undefined || !(await passes('before'))) return void outgoing.destroy();
  const reply = await forward(new URL(incoming.url ?? '/', base), incoming, body);
  if (!(await passes('after'))) return void outgoing.destroy();
  outgoing.writeHead(reply.status, reply.headers).end(reply.body);
}

function forward(url: URL, incoming: IncomingMessage, body: Buffer): Promise<Reply> {
  const { promise, resolve, reject } = Promise.withResolvers<Reply>();
  const { connection: _, 'transfer-encoding': __, ...headers } = incoming.headers;
  const asked = request(url, {
    // A connection kept for later would be one to a process that has died since.
    agent: false,
    method: incoming.method,
    headers: { ...headers, host: url.host, 'content-length': body.length },
  });
  asked.on('error', reject);
  asked.on('response', (response) => {
    const { connection: _, 'transfer-encoding': __, 'keep-alive': ___, ...rest } = response.headers;
    buffer(response).then(
      (content) => resolve({ status: response.statusCode ?? 502, headers: rest, body: content }),
      reject,
    );
  });
  asked.end(body);
  return promise;
}
