import cors from '@fastify/cors';
import type { FastifyInstance } from 'fastify';
import type { Origins } from './origins.js';

/** What clients send: Apollo's name themselves, and browsers' caches ask whether an answer has changed. */
const ALLOWED_HEADERS = [
  'authorization',
  'content-type',
  'if-none-match',
  'x-request-id',
  'apollo-require-preflight',
  'x-apollo-operation-name',
  'apollographql-client-name',
  'apollographql-client-version',
];

/**
 * Lets pages of other origins use /graphql from a browser, where CORS_ORIGINS names them
 * (https://fetch.spec.whatwg.org/#http-cors-protocol). Without credentials: there are no cookies, and whoever has a token
 * sends it in a header.
 */
export async function allowOrigins(server: FastifyInstance, { foreign }: Origins): Promise<void> {
  if (foreign === false) return;
  await server.register(cors, {
    delegator: (request, decide) =>
      decide(null, {
        origin: request.url.split('?')[0] === '/graphql' && foreign,
        methods: ['GET', 'POST'],
        allowedHeaders: ALLOWED_HEADERS,
        exposedHeaders: ['etag', 'x-request-id', 'retry-after'],
        maxAge: 7_200,
      }),
  });
}
