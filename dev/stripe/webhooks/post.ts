import { type ClientRequest, type Agent as HttpAgent, request as httpRequest } from 'node:http';
import { type Agent as HttpsAgent, request as httpsRequest } from 'node:https';

export interface Agents {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
}

export interface Answer {
  /** Null where none came. */
  readonly status: number | null;
  readonly error: string | null;
}

/** Posts a JSON text and waits for the whole answer; never throws. Redirects are not followed. */
export function post(
  url: string,
  body: string,
  headers: Readonly<Record<string, string>>,
  agents: Agents,
  signal: AbortSignal,
  timeoutMs: number,
): Promise<Answer> {
  const target = new URL(url);
  const options = {
    method: 'POST',
    headers: { ...headers, 'Content-Length': Buffer.byteLength(body) },
    signal,
  };
  const request: ClientRequest =
    target.protocol === 'https:'
      ? httpsRequest(target, { ...options, agent: agents.https })
      : httpRequest(target, { ...options, agent: agents.http });
  return new Promise((resolve) => {
    const fail = (error: Error) => resolve({ status: null, error: error.message });
    request.setTimeout(timeoutMs, () => request.destroy(new Error(`no answer in ${timeoutMs} ms`)));
    request.on('error', fail);
    request.on('response', (response) => {
      response.resume();
      response.on('error', fail);
      response.on('end', () => resolve({ status: response.statusCode ?? null, error: null }));
    });
    request.end(body);
  });
}
