import { type HttpAnswer, HttpConnection, type HttpRequest } from '../support/http-connection.js';
import { OPERATION_HEADER } from '../support/operation-header.js';

/** Longer than the server takes for anything: it gives Stripe 12 s. */
const PATIENCE_MS = 30_000;

/** Keeps connections alive and opens as many as are needed at once. */
export class Connections {
  private readonly idle = new Map<string, HttpConnection[]>();
  private turn = 0;

  /** @param urls taken in turn */
  constructor(private readonly urls: readonly string[]) {}

  /** @throws when the connection breaks, or there is no answer within 30 s */
  async send(request: HttpRequest): Promise<HttpAnswer> {
    this.turn += 1;
    const url = this.urls[this.turn % this.urls.length] as string;
    const idle = this.idle.get(url) ?? [];
    this.idle.set(url, idle);
    const connection = idle.pop() ?? new HttpConnection(url);
    const answer = await sendInTime(connection, request);
    idle.push(connection);
    return answer;
  }

  /** One that is the caller's own, to close whenever it likes. */
  open(): HttpConnection {
    this.turn += 1;
    return new HttpConnection(this.urls[this.turn % this.urls.length] as string);
  }

  close(): void {
    for (const connection of [...this.idle.values()].flat()) connection.close();
  }
}

export async function sendInTime(connection: HttpConnection, request: HttpRequest): Promise<HttpAnswer> {
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    connection.close();
  }, PATIENCE_MS);
  try {
    return await connection.send(request);
  } catch {
    connection.close();
    throw new OperationFailed(late ? 'TIMEOUT' : 'CONNECTION_LOST');
  } finally {
    clearTimeout(timer);
  }
}

/** An operation that was refused, with the code by which a client knows why. */
export class OperationFailed extends Error {
  constructor(
    readonly code: string,
    readonly extensions: { readonly retryAfterMs?: number } = {},
  ) {
    super(code);
  }
}

/** @param name by which the servers' own time for it is counted */
export function operation(name: string, query: string, variables: object): HttpRequest {
  return {
    method: 'POST',
    path: '/graphql',
    headers: { 'content-type': 'application/json', [OPERATION_HEADER]: name },
    body: JSON.stringify({ query, variables }),
  };
}

/** @throws OperationFailed with the code of the first error */
export function dataOf<Data>({ status, body }: HttpAnswer): Data {
  let answer: { data?: Data; errors?: { extensions?: { code?: string; retryAfterMs?: number } }[] };
  try {
    answer = JSON.parse(body.toString());
  } catch {
    throw new OperationFailed(`HTTP_${status}`);
  }
  const extensions = answer.errors?.[0]?.extensions;
  if (answer.errors) throw new OperationFailed(extensions?.code ?? 'UNKNOWN', extensions);
  if (!answer.data) throw new OperationFailed(`HTTP_${status}`);
  return answer.data;
}
