import { unwrapResolverError } from '@apollo/server/errors';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { isDatabaseUnavailable } from '../database/index.js';
import { AppError } from '../errors.js';
import { type Logger, requestScope } from '../logging.js';
import { withoutValues } from './without-values.js';

/** Errors that graphql and Apollo make themselves about what the client sent. */
const CLIENT_CODES: ReadonlySet<unknown> = new Set([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'PERSISTED_QUERY_NOT_FOUND',
  'PERSISTED_QUERY_NOT_SUPPORTED',
  'BAD_USER_INPUT',
  'OPERATION_RESOLUTION_FAILURE',
  'BAD_REQUEST',
  'RATE_LIMITED',
]);

/** When to ask again where the database could not be had; in milliseconds. */
const DATABASE_PAUSE_MS = 1_000;

/**
 * What a client is told: its own mistakes and our AppErrors as they are, all else masked and logged
 * under the request id that is also in the answer.
 */
export function formatError(
  formatted: GraphQLFormattedError,
  error: unknown,
  logger: Logger,
  requestId: string | undefined = requestScope.getStore()?.requestId,
): GraphQLFormattedError {
  const cause = causeOf(error);
  if (cause instanceof AppError) {
    return { ...formatted, message: cause.message, extensions: { code: cause.code, ...cause.details } };
  }
  if (isClientMistake(formatted, cause)) {
    const { stacktrace: _, code: given, ...others } = formatted.extensions ?? {};
    // Variables that do not fit have a code over HTTP alone, and Apollo blames us where nobody gave one.
    const code = CLIENT_CODES.has(given) ? String(given) : 'BAD_USER_INPUT';
    const extensions = { code, ...others, ...fieldOf(formatted.message, code) };
    return { ...formatted, message: withoutValues(formatted.message), extensions };
  }
  logger.error({ requestId, err: cause, path: formatted.path }, 'A request failed unexpectedly');
  return {
    message: 'Internal server error',
    ...(formatted.path && { path: formatted.path }),
    extensions: {
      code: 'INTERNAL_SERVER_ERROR',
      requestId,
      ...(isDatabaseUnavailable(cause) && { retryAfterMs: DATABASE_PAUSE_MS }),
    },
  };
}

/** Behind what a resolver throws, and behind what is refused before there is one. */
function causeOf(error: unknown): unknown {
  const cause = unwrapResolverError(error);
  return cause instanceof GraphQLError && cause.originalError instanceof AppError
    ? cause.originalError
    : cause;
}

/** Where the schema is kept to ourselves: graphql guesses at what was meant, and so tells names one by one. */
export function withoutSuggestion(error: GraphQLFormattedError): GraphQLFormattedError {
  return { ...error, message: error.message.replace(/ ?Did you mean .+\?$/s, '') };
}

/**
 * A scalar that refuses an argument, and graphql where variables do not fit, throw GraphQLErrors of
 * their own; behind the failure of a resolver there is always an error that is none.
 */
function isClientMistake(formatted: GraphQLFormattedError, cause: unknown): boolean {
  if (CLIENT_CODES.has(formatted.extensions?.code)) return true;
  if (!(cause instanceof GraphQLError) || cause.path !== undefined) return false;
  return cause.originalError === undefined || cause.originalError instanceof GraphQLError;
}

/** Where in the variables the wrong value stands: graphql says so in its message alone. */
function fieldOf(message: string, code: string): { field?: string } {
  if (code !== 'BAD_USER_INPUT') return {};
  const place = /^Variable "\$(\w+)" (?:got invalid value .*? at "([^"]+)";|.*)/s.exec(message);
  if (place === null) return {};
  const path = place[2] ?? place[1] ?? '';
  return { field: path.replace(/\[(\d+)\]/g, '.$1').replace(/^input\./, '') };
}
