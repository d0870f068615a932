import cors from '@fastify/cors';
import type { FastifyInstance } from 'fastify';
import type { Origins } from './origins.js';

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
        allowedHeaders: ['authorization', 'content-type', 'apollo-require-preflight', 'x-request-id'],
        exposedHeaders: ['etag', 'x-request-id', 'retry-after'],
        maxAge: 7_200,
      }),
  });
}
