import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below the ranges from which Linux (32768 up) and macOS (49152 up) number outgoing connections: a port that was
 * free a moment ago is then not taken by some client's own end of a connection before the server listens.
 */
const LOWEST_PORT = 10_240;
const HIGHEST_PORT = 32_000;
const ATTEMPTS = 200;

const handedOut = new Set<number>();

/** Whether a TCP server could listen on this port of this address right now; never for what is no port. */
export async function isPortFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  const probe = createServer();
  try {
    probe.listen({ port, host, exclusive: true });
    await once(probe, 'listening');
  } catch {
    return false;
  }
  probe.close();
  await once(probe, 'close');
  return true;
}

/**
 * A port on which nothing listens at the moment, never the same one twice in one process.
 * Somebody else may still take it first, so whoever starts a server on it should be ready to try another one.
 */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const port = randomInt(LOWEST_PORT, HIGHEST_PORT);
    if (handedOut.has(port) || !(await isPortFree(port, host))) continue;
    handedOut.add(port);
    return port;
  }
  throw new Error(`No free port found on ${host} between ${LOWEST_PORT} and ${HIGHEST_PORT}.`);
}

/** The preferred port if it is free, else some other free one. */
export async function preferPort(preferred: number, host = '127.0.0.1'): Promise<number> {
  return (await isPortFree(preferred, host)) ? preferred : await freePort(host);
}
