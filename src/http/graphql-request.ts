import { HeaderMap, type HTTPGraphQLRequest } from '@apollo/server';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** Headers that a foreign page cannot send unasked; Apollo wants one of them where there is no JSON body. */
const PREFLIGHTED = ['x-apollo-operation-name', 'apollo-require-preflight'];

/** A body that is yet to be parsed: where the same request has come before, its text is enough. */
class JsonText {
  constructor(readonly text: string) {}
}

/** Leaves bodies of JSON unparsed, for `toApollo` to parse. */
export function keepJsonAsText(scope: FastifyInstance): void {
  scope.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, text, done) =>
    done(null, new JsonText(String(text))),
  );
}

/**
 * What two requests have in common that are to be answered alike; undefined where the answer could be for
 * somebody alone, or where Apollo has to see what it refuses.
 */
export function sharingKey(request: FastifyRequest): string | undefined {
  const { headers, body } = request;
  if (headers.authorization !== undefined) return undefined;
  const accept = headers.accept ?? '';
  if (request.method === 'POST') return body instanceof JsonText ? `POST ${accept}\n${body.text}` : undefined;
  const isPlainGet = request.method === 'GET' && headers['content-type'] === undefined;
  return isPlainGet && PREFLIGHTED.some((name) => headers[name])
    ? `GET ${accept}\n${request.url}`
    : undefined;
}

/** @throws as Fastify does, where the body is no JSON */
export async function toApollo(scope: FastifyInstance, request: FastifyRequest): Promise<HTTPGraphQLRequest> {
  const headers = new HeaderMap();
  for (const [name, value] of Object.entries(request.headers)) {
    if (value) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  const queryAt = request.url.indexOf('?');
  return {
    method: request.method,
    headers,
    search: queryAt < 0 ? '' : request.url.slice(queryAt),
    body: request.body instanceof JsonText ? await parse(scope, request, request.body.text) : request.body,
  };
}

function parse(scope: FastifyInstance, request: FastifyRequest, text: string): Promise<unknown> {
  const parser = scope.getDefaultJsonParser('error', 'error');
  return new Promise((resolve, reject) =>
    parser(request, text, (error, body) => (error ? reject(error) : resolve(body))),
  );
}
