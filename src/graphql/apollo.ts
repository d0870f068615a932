import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled';
import type { GraphQLSchema } from 'graphql';
import type { Logger } from '../logging.js';
import type { Metrics } from '../metrics.js';
import type { RequestContext } from './context.js';
import { formatError } from './errors.js';
import { DOCUMENT_LIMITS, documentLimits } from './limits.js';
import { operationsPlugin } from './operations.plugin.js';
import { subscriptionsPlugin } from './subscriptions.plugin.js';

export function createApollo(
  schema: GraphQLSchema,
  introspection: boolean,
  metrics: Metrics,
  logger: Logger,
): ApolloServer<RequestContext> {
  return new ApolloServer<RequestContext>({
    schema,
    introspection,
    includeStacktraceInErrorResponses: false,
    allowBatchedHttpRequests: false,
    parseOptions: { maxTokens: DOCUMENT_LIMITS.tokens },
    validationRules: [...documentLimits],
    formatError: (formatted, error) => formatError(formatted, error, logger),
    stopOnTerminationSignals: false,
    plugins: [
      ApolloServerPluginLandingPageDisabled(),
      operationsPlugin(metrics, logger),
      subscriptionsPlugin(),
    ],
  });
}
