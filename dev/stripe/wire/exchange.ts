import type { IncomingMessage, ServerResponse } from 'node:http';
import { StripeFailure } from './errors.js';

const MAXIMUM_BODY_BYTES = 1_000_000;

/** The whole body as text. @throws StripeFailure 413 beyond a megabyte */
export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAXIMUM_BODY_BYTES) {
      throw new StripeFailure(413, { type: 'invalid_request_error', message: 'The request is too large.' });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    ...headers,
  });
  response.end(body);
}

/**
 * Waits, but not for longer than the client does, nor after the signal.
 *
 * @returns false when the client has gone
 */
export async function holdBack(
  response: ServerResponse,
  milliseconds: number,
  signal: AbortSignal,
): Promise<boolean> {
  if (response.destroyed) return false;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, milliseconds);
    timer.unref();
    response.once('close', done);
    signal.addEventListener('abort', done, { once: true });
    function done(): void {
      clearTimeout(timer);
      response.off('close', done);
      signal.removeEventListener('abort', done);
      resolve();
    }
  });
  return !response.destroyed;
}
