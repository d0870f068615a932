import type { RandomDocument } from './random-documents.js';
import { rawRequest } from './raw-request.js';
import type { Answered } from './verdict.js';

/** One POST to /graphql, by whoever has the token. */
export function post(
  server: { readonly port: number },
  { query, variables }: RandomDocument,
  token?: string,
): Promise<Required<Answered>> {
  return rawRequest(server, {
    method: 'POST',
    path: '/graphql',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: Buffer.from(JSON.stringify({ query, variables })),
  });
}

/** The codes of an answer's errors, or that it has none. */
export function codesIn({ text }: Answered): string[] {
  const { errors } = JSON.parse(text) as { errors?: { extensions?: { code?: string } }[] };
  return errors?.map(({ extensions }) => extensions?.code ?? 'no code') ?? ['answered'];
}
