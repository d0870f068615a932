import { createGraphiQLFetcher, type Fetcher } from '@graphiql/toolkit';
import { operationToRun } from './operation-to-run.js';

const GRAPHQL_PATH = '/graphql';

/** An authorization header that names a scheme but carries nothing: what the headers editor starts with. */
const EMPTY_CREDENTIALS = /^(bearer)?\s*$/i;

/** ws: for a page that came over http:, wss: for one that came over https:. */
function webSocketUrl(location: Location): string {
  const url = new URL(GRAPHQL_PATH, location.href);
  url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
}

/** Without this a newcomer who has not signed in yet would be told that his empty token is malformed. */
function withoutEmptyCredentials(headers: Record<string, unknown> = {}): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(headers).filter(
      ([name, value]) => name.toLowerCase() !== 'authorization' || !EMPTY_CREDENTIALS.test(String(value)),
    ),
  );
}

/**
 * Queries and mutations by POST, subscriptions over graphql-transport-ws on the same path. What stands in the
 * headers editor goes along as HTTP headers, and as `connectionParams` of the socket: a browser cannot set
 * headers on a WebSocket.
 */
export function createFetcher(location: Location): Fetcher {
  const fetcher = createGraphiQLFetcher({ url: GRAPHQL_PATH, subscriptionUrl: webSocketUrl(location) });
  return (params, options) => {
    const { operationName, documentAST } = operationToRun(params.query, params.operationName);
    return fetcher(
      { ...params, operationName },
      { ...options, documentAST, headers: withoutEmptyCredentials(options?.headers) },
    );
  };
}
