import { type GraphQLAnswer, graphql, type Variables } from './graphql-client.js';
import { OPERATIONS, type OperationName } from './operations.js';
import { subscribe } from './websocket-client.js';

export type Outcome = Pick<GraphQLAnswer<Record<string, unknown>>, 'data' | 'errors'>;

/** Carries out any operation as the bearer of the token; of a subscription, its first message. */
export async function operate(
  server: { readonly url: string },
  name: OperationName,
  variables: Variables = {},
  token?: string,
  document: string = OPERATIONS[name],
): Promise<Outcome> {
  if (!name.startsWith('Subscription.')) return graphql(server, document, variables, { token });
  const subscription = subscribe(server, document, variables, { token });
  try {
    return await subscription.nextMessage();
  } finally {
    await subscription.close();
  }
}
