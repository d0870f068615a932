import type { ApolloServer } from '@apollo/server';
import { fastifyApolloHandler } from '@as-integrations/fastify';
import type { FastifyInstance } from 'fastify';
import type { RequestContext } from '../graphql/context.js';

export type ContextFactory = (
  authorization: string | undefined,
  requestId: string,
  clientAddress: string,
) => Promise<RequestContext>;

export function graphqlRoute(
  server: FastifyInstance,
  apollo: ApolloServer<RequestContext>,
  createContext: ContextFactory,
): void {
  server.route({
    url: '/graphql',
    method: ['GET', 'POST'],
    handler: fastifyApolloHandler(apollo, {
      context: async (request) => createContext(request.headers.authorization, request.id, request.ip),
    }),
  });
}
