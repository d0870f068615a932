import { ApolloServer, type ApolloServerOptionsWithGateway } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import type { GraphQLSchema } from 'graphql';
import type { Logger } from '../logging.js';
import type { Metrics } from '../metrics.js';
import type { RequestContext } from './context.js';
import { Costs } from './cost.js';
import { costPlugin } from './cost.plugin.js';
import { formatError, withoutSuggestion } from './errors.js';
import type { Execute } from './execution.js';
import { DOCUMENT_LIMITS, documentLimits } from './limits.js';
import { operationsPlugin } from './operations.plugin.js';
import type { PersistedQueries } from './persisted-queries.js';
import { subscriptionsPlugin } from './subscriptions.plugin.js';

export function createApollo(
  schema: GraphQLSchema,
  execute: Execute,
  introspection: boolean,
  persistedQueries: PersistedQueries,
  metrics: Metrics,
  logger: Logger,
): ApolloServer<RequestContext> {
  return new ApolloServer<RequestContext>({
    gateway: ownExecution(schema, execute),
    introspection,
    includeStacktraceInErrorResponses: false,
    allowBatchedHttpRequests: false,
    persistedQueries: { cache: persistedQueries },
    parseOptions: { maxTokens: DOCUMENT_LIMITS.tokens },
    validationRules: [...documentLimits],
    formatError: (formatted, error) =>
      formatError(introspection ? formatted : withoutSuggestion(formatted), error, logger),
    stopOnTerminationSignals: false,
    plugins: [
      ApolloServerPluginLandingPageDisabled(),
      // It would run code of its own for every field of every answer.
      ApolloServerPluginCacheControlDisabled(),
      operationsPlugin(metrics, logger),
      subscriptionsPlugin(),
      costPlugin(new Costs(schema)),
    ],
  });
}

/** The place where Apollo lets others execute: what it has parsed and checked, and whose errors it formats. */
function ownExecution(
  schema: GraphQLSchema,
  execute: Execute,
): ApolloServerOptionsWithGateway<RequestContext>['gateway'] {
  return {
    onSchemaLoadOrUpdate(callback) {
      callback({ apiSchema: schema, coreSupergraphSdl: '' });
      return () => {};
    },
    load: async () => ({
      executor: async ({ document, request: { operationName, variables }, context }) =>
        execute({ document, operationName, contextValue: context, variableValues: variables }),
    }),
    stop: async () => {},
  };
}
