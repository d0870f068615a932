import type { ServerResponse } from 'node:http';
import type { ApolloServer } from '@apollo/server';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError, isAppError } from '../errors.js';
import type { RequestContext } from '../graphql/context.js';
import type { Metrics } from '../metrics.js';
import { sendPrivate, sendRefusal, sendShared } from './graphql-answer.js';
import { keepJsonAsText, sharingKey, toApollo } from './graphql-request.js';
import { type SharedAnswer, SharedAnswers } from './shared-answers.js';

export interface ContextSource {
  readonly authorization: string | undefined;
  readonly requestId: string;
  readonly clientAddress: string;
  /** Aborted when the client has gone before it was answered. */
  readonly signal: AbortSignal;
}

export type ContextFactory = (source: ContextSource) => Promise<RequestContext>;

/**
 * GraphQL over HTTP: what is the same for everybody is answered from memory, all else by Apollo.
 *
 * @param admit throws AppError RATE_LIMITED where too much came from an address
 * @returns what resolves once nothing is executed any more, not even for clients that have gone
 */
export function graphqlRoute(
  server: FastifyInstance,
  apollo: ApolloServer<RequestContext>,
  createContext: ContextFactory,
  admit: (clientAddress: string) => void,
  metrics: Metrics,
): () => Promise<void> {
  const answers = new SharedAnswers();
  const underWay = new Set<Promise<unknown>>();

  void server.register(async (scope) => {
    keepJsonAsText(scope);
    // Before the body is read: refusing has to cost less than what is refused.
    scope.addHook('onRequest', (request, reply, done) => {
      try {
        admit(request.ip);
        done();
      } catch (error) {
        if (!isAppError(error, 'RATE_LIMITED')) throw error;
        sendRefusal(request, reply, error);
      }
    });
    scope.route({
      url: '/graphql',
      method: ['GET', 'POST'],
      handler: (request, reply) => {
        const key = sharingKey(request);
        if (key === undefined) return execute(scope, request, reply);
        const kept = answers.find(key);
        if (kept === undefined) return executeShared(scope, request, reply, key);
        // Waiting for what was sent already would cost a promise.
        void sendKept(request, reply, kept);
        return undefined;
      },
    });
  });

  /** Once for all who ask the same at once. */
  async function executeShared(
    scope: FastifyInstance,
    request: FastifyRequest,
    reply: FastifyReply,
    key: string,
  ) {
    const made = await answers.findAfterOthers(key);
    if (made) return sendKept(request, reply, made);
    return answers.execute(key, () => execute(scope, request, reply, key));
  }

  async function execute(scope: FastifyInstance, request: FastifyRequest, reply: FastifyReply, key?: string) {
    const startedAt = new Date();
    let context: RequestContext | undefined;
    const execution = apollo.executeHTTPGraphQLRequest({
      httpGraphQLRequest: await toApollo(scope, request),
      context: async () => {
        context = await createContext({
          authorization: request.headers.authorization,
          requestId: request.id,
          clientAddress: request.ip,
          signal: goneSignal(reply.raw),
        });
        return context;
      },
    });
    underWay.add(execution);
    const response = await execution.finally(() => underWay.delete(execution));
    const answer = key === undefined ? undefined : answers.keep(key, response, context?.sources, startedAt);
    if (key !== undefined) metrics.sharedAnswers.inc({ outcome: answer ? 'made' : 'private' });
    return answer
      ? sendShared(request, reply, answer)
      : sendPrivate(reply, response, context?.isWellFormed ?? false);
  }

  function sendKept(request: FastifyRequest, reply: FastifyReply, answer: SharedAnswer) {
    metrics.sharedAnswers.inc({ outcome: 'kept' });
    metrics.operations.observe({ type: 'query', outcome: 'success' }, reply.elapsedTime / 1000);
    request.log.debug({ type: 'query' }, 'An operation was answered with a kept answer');
    return sendShared(request, reply, answer);
  }

  return async () => void (await Promise.allSettled(underWay));
}

function goneSignal(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort(new AppError('CONFLICT', 'The client has gone'));
  });
  return controller.signal;
}
