import type { ServerResponse } from 'node:http';
import type { ApolloServer } from '@apollo/server';
import { fastifyApolloHandler } from '@as-integrations/fastify';
import type { FastifyInstance } from 'fastify';
import { AppError } from '../errors.js';
import type { RequestContext } from '../graphql/context.js';

export interface ContextSource {
  readonly authorization: string | undefined;
  readonly requestId: string;
  readonly clientAddress: string;
  /** Aborted when the client has gone before it was answered. */
  readonly signal: AbortSignal;
}

export type ContextFactory = (source: ContextSource) => Promise<RequestContext>;

export function graphqlRoute(
  server: FastifyInstance,
  apollo: ApolloServer<RequestContext>,
  createContext: ContextFactory,
): void {
  server.route({
    url: '/graphql',
    method: ['GET', 'POST'],
    handler: fastifyApolloHandler(apollo, {
      context: (request, reply) =>
        createContext({
          authorization: request.headers.authorization,
          requestId: request.id,
          clientAddress: request.ip,
          signal: goneSignal(reply.raw),
        }),
    }),
  });
}

function goneSignal(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort(new AppError('CONFLICT', 'The client has gone'));
  });
  return controller.signal;
}
