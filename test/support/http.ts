import type { GraphQLFailure } from './graphql-client.js';

export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Of a body in the form of a GraphQL answer; empty when there is none. */
  readonly errors: readonly GraphQLFailure[];
}

/** A request just as it is given, for what a GraphQL client would never send. */
export async function send(
  server: { readonly url: string },
  path: string,
  init: RequestInit = {},
): Promise<RawAnswer> {
  const response = await fetch(`${server.url}${path}`, init);
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, errors: errorsIn(text) };
}

/** Posts this body to /graphql as JSON, whatever it is. */
export function postBody(server: { readonly url: string }, body: string | Buffer): Promise<RawAnswer> {
  return send(server, '/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : new Uint8Array(body),
  });
}

function errorsIn(text: string): readonly GraphQLFailure[] {
  try {
    return (JSON.parse(text) as { errors?: GraphQLFailure[] }).errors ?? [];
  } catch {
    return [];
  }
}
