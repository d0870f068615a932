import type { ApolloServerPlugin } from '@apollo/server';
import { GraphQLError } from 'graphql';
import type { Costs } from './cost.js';

/** Refuses operations that cost too much, which depends on their variables and so is no rule of validation. */
export function costPlugin(costs: Costs): ApolloServerPlugin {
  return {
    async requestDidStart() {
      return {
        async didResolveOperation({ document, request: { operationName, variables } }) {
          const error = costs.check(document, operationName, variables);
          if (error === undefined) return;
          const { message, nodes, extensions } = error;
          throw new GraphQLError(message, { nodes, extensions: { ...extensions, http: { status: 400 } } });
        },
      };
    },
  };
}
