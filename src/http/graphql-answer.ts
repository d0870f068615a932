import { Readable } from 'node:stream';
import type { HTTPGraphQLResponse } from '@apollo/server';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AppError } from '../errors.js';
import type { SharedAnswer } from './shared-answers.js';

/** For caches on the way and in apps: as long as we ourselves go without asking the database. */
const SHARED = 'public, max-age=1';
const PRIVATE = 'private, no-store';
/** What else than its URL makes another answer: who asks, and the media type. */
const VARY = 'Authorization, Accept';

/**
 * An answer for whoever asked, and nobody else.
 *
 * @param isWellFormed whether the request was one of GraphQL, though its document may be wrong
 */
export function sendPrivate(
  reply: FastifyReply,
  response: HTTPGraphQLResponse,
  isWellFormed: boolean,
): FastifyReply {
  for (const [name, value] of response.headers) void reply.header(name, value);
  void reply.code(statusOf(response, isWellFormed)).header('cache-control', PRIVATE);
  const { body } = response;
  return reply.send(body.kind === 'complete' ? body.string : Readable.from(body.asyncIterator));
}

/** Too many requests (RFC 6585, section 4), said before anything is executed. */
export function sendRefusal(request: FastifyRequest, reply: FastifyReply, error: AppError): void {
  const { code, message, details } = error;
  const isGraphql = request.headers.accept?.includes('application/graphql-response+json');
  void reply
    .code(429)
    .header('cache-control', PRIVATE)
    .header('retry-after', Math.ceil(Number(details.retryAfterMs) / 1_000))
    .type(`${isGraphql ? 'application/graphql-response+json' : 'application/json'}; charset=utf-8`)
    .send(JSON.stringify({ errors: [{ message, extensions: { code, ...details } }] }));
}

/** An answer for everybody, which others may keep where it came by GET (RFC 9110, section 13; RFC 9111). */
export function sendShared(request: FastifyRequest, reply: FastifyReply, answer: SharedAnswer): FastifyReply {
  if (request.method !== 'GET') {
    void reply.header('content-type', answer.contentType).header('cache-control', PRIVATE);
    return reply.send(answer.body);
  }
  void reply.header('etag', answer.etag).header('cache-control', SHARED);
  // Where others may ask from a browser, it is the origin too.
  const vary = reply.getHeader('vary');
  void reply.header('vary', vary === undefined ? VARY : `${VARY}, ${String(vary)}`);
  if (isKnown(request.headers['if-none-match'], answer.etag)) return reply.code(304).send();
  return reply.header('content-type', answer.contentType).send(answer.body);
}

/**
 * In `application/json`, what is wrong with a document is said in `errors` alone, since a status other than 200 could
 * come from anything on the way (GraphQL over HTTP, draft, 6.4.1).
 */
function statusOf({ status = 200, headers }: HTTPGraphQLResponse, isWellFormed: boolean): number {
  const isPlain = headers.get('content-type')?.startsWith('application/json') ?? false;
  return status === 400 && isWellFormed && isPlain ? 200 : status;
}

function isKnown(ifNoneMatch: string | undefined, etag: string): boolean {
  const known = ifNoneMatch?.split(',').map((one) => one.trim().replace(/^W\//, ''));
  return known !== undefined && (known.includes('*') || known.includes(etag));
}
