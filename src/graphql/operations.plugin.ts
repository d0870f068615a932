import type { ApolloServerPlugin } from '@apollo/server';
import type { Logger } from '../logging.js';
import type { Metrics } from '../metrics.js';
import type { RequestContext } from './context.js';

/** Measures and logs every operation over HTTP. */
export function operationsPlugin(metrics: Metrics, logger: Logger): ApolloServerPlugin<RequestContext> {
  return {
    async requestDidStart() {
      const started = performance.now();
      return {
        async willSendResponse({ operation, operationName, response, contextValue }) {
          const ms = performance.now() - started;
          const errors = response.body.kind === 'single' ? response.body.singleResult.errors : undefined;
          if (errors) contextValue.keepPrivate();
          const codes = errors?.map((error) => error.extensions?.code);
          if (!codes?.includes('BAD_REQUEST')) contextValue.noteWellFormed();
          const type = operation?.operation ?? 'none';
          metrics.operations.observe({ type, outcome: codes ? 'error' : 'success' }, ms / 1000);
          logger.debug({ type, operationName, ms: Math.round(ms), codes }, 'An operation was answered');
        },
      };
    },
  };
}
