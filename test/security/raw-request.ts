import { Agent, request } from 'node:http';
import type { Answered } from './verdict.js';

export interface RawRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

const agent = new Agent({ keepAlive: true, maxSockets: 32 });
/** Milliseconds. */
const PATIENCE = 20_000;

/** One request as it is given, with what `fetch` would refuse to send: any bytes, and a body with any method. */
export function rawRequest(
  { port }: { readonly port: number },
  { method, path, headers, body }: RawRequest,
): Promise<Required<Answered>> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, method, path, agent, timeout: PATIENCE };
    const sent = request(
      { ...options, headers: { ...headers, 'content-length': body?.length ?? 0 } },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            path: path.split('?')[0] ?? '',
            text: Buffer.concat(parts).toString(),
          }),
        );
      },
    );
    sent.on('error', reject);
    sent.on('timeout', () => sent.destroy(new Error(`No answer within ${PATIENCE} ms`)));
    sent.end(body);
  });
}
