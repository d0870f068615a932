import { subscribe } from 'node:diagnostics_channel';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { Latencies, type LatencyCounts } from './latencies.js';
import { OPERATION_HEADER } from './operation-header.js';

/*
 * Loaded into every measured server before its own code, the product and the references alike (node --import), so
 * that all are read by the same means and none knows of it. Answers on PROBE_PORT.
 */

const RESOLUTION_MS = 10;
const SETTLE_MS = 200;

export interface Reading {
  /** Of the whole process, user and system, since it started. */
  readonly cpuSeconds: number;
  readonly rssBytes: number;
  readonly heapBytes: number;
  /** The longest time that the event loop was late since the last `/watch`; 0 before. */
  readonly longestStallMs: number;
  /**
   * HTTP requests since the last `/watch`, by what they say they are: from the reading of the head to the end of the
   * answer. What a client waits beyond that, it waits for the network, for the server to read, or for itself.
   */
  readonly requests: Readonly<Record<string, LatencyCounts>>;
}

const loop = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

const begun = new WeakMap<IncomingMessage, number>();
const requests = new Map<string, Latencies>();
let watching = false;

const server = createServer(async (request, response) => {
  if (request.url === '/watch') {
    loop.enable();
    loop.reset();
    watchRequests();
  } else if (request.url === '/collect') {
    await collect();
  }
  answer(response, read());
});
server.listen(Number(process.env.PROBE_PORT), '127.0.0.1');
server.unref();

function watchRequests(): void {
  requests.clear();
  if (watching) return;
  watching = true;
  subscribe('http.server.request.start', (message) => {
    const { request, server: where } = message as { request: IncomingMessage; server: Server };
    if (where !== server) begun.set(request, performance.now());
  });
  subscribe('http.server.response.finish', (message) => {
    const { request } = message as { request: IncomingMessage };
    const since = begun.get(request);
    if (since === undefined) return;
    const operation = String(request.headers[OPERATION_HEADER] ?? 'others');
    const latencies = requests.get(operation) ?? new Latencies();
    latencies.record(performance.now() - since);
    requests.set(operation, latencies);
  });
}

/** Twice, with a pause: what finalizers and sockets let go of in the first is collected in the second. */
async function collect(): Promise<void> {
  for (let times = 0; times < 2; times += 1) {
    globalThis.gc?.();
    await delay(SETTLE_MS);
  }
}

function read(): Reading {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed } = process.memoryUsage();
  // What is recorded is the time between two ticks, which is the resolution when nothing is late.
  const longest = loop.count === 0 ? 0 : loop.max / 1e6 - RESOLUTION_MS;
  return {
    cpuSeconds: (user + system) / 1e6,
    rssBytes: rss,
    heapBytes: heapUsed,
    longestStallMs: Math.max(0, longest),
    requests: Object.fromEntries([...requests].map(([name, latencies]) => [name, latencies.counts()])),
  };
}

function answer(response: ServerResponse, reading: Reading): void {
  response.writeHead(200, { 'content-type': 'application/json', connection: 'close' });
  response.end(JSON.stringify(reading));
}
