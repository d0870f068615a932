import { createServer, type ServerResponse } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

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
}

const loop = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

const server = createServer(async (request, response) => {
  if (request.url === '/watch') {
    loop.enable();
    loop.reset();
  } else if (request.url === '/collect') {
    await collect();
  }
  answer(response, read());
});
server.listen(Number(process.env.PROBE_PORT), '127.0.0.1');
server.unref();

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
  };
}

function answer(response: ServerResponse, reading: Reading): void {
  response.writeHead(200, { 'content-type': 'application/json', connection: 'close' });
  response.end(JSON.stringify(reading));
}
