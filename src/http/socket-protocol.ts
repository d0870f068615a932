import { randomUUID } from 'node:crypto';
import {
  createSourceEventStream,
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  GraphQLError,
  type GraphQLSchema,
} from 'graphql';
import { CloseCode, makeServer, type Server } from 'graphql-ws';
import type { Credentials } from '../accounts/index.js';
import { isAppError } from '../errors.js';
import type { RequestContext } from '../graphql/context.js';
import { formatError, withoutSuggestion } from '../graphql/errors.js';
import type { Execute } from '../graphql/execution.js';
import { FeedSubscription } from '../inventory/index.js';
import { type Logger, requestScope } from '../logging.js';
import type { Metrics } from '../metrics.js';
import type { Connection } from './connection.js';
import { Documents } from './documents.js';
import type { Lane } from './pace.js';
import { SharedSubscriptions } from './shared-subscriptions.js';
import type { SocketCaps } from './socket-caps.js';
import type { SocketDrain } from './socket-drain.js';
import { prepareOperation, type SocketOperation } from './socket-operation.js';

export interface ProtocolOptions {
  readonly schema: GraphQLSchema;
  /** For queries and mutations. */
  readonly execute: Execute;
  readonly introspection: boolean;
  readonly readCredentials: (authorization: string | undefined) => Promise<Credentials>;
  /** Throws AppError RATE_LIMITED where too much came from an address. */
  readonly admit: (clientAddress: string) => void;
  readonly createContext: (credentials: Credentials, requestId: string, address: string) => RequestContext;
  readonly caps: SocketCaps;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** Of one connection at once. */
const MOST_OPERATIONS = 100;
/** Try again later (https://www.iana.org/assignments/websocket/websocket.xhtml#close-code-number): clients do, by themselves. */
const TRY_AGAIN_LATER = 1013;

/**
 * What is spoken over a connection; its limits and rules are those of HTTP.
 *
 * @param deliveries where messages to many have their turns
 */
export function createProtocol(
  options: ProtocolOptions,
  drain: SocketDrain,
  deliveries: Lane,
): Server<Connection> {
  const { schema, introspection, metrics, logger } = options;
  const format = (error: GraphQLError, requestId: string) => {
    const formatted = introspection ? error.toJSON() : withoutSuggestion(error.toJSON());
    return formatError(formatted, error, logger, requestId);
  };
  const documents = new Documents(schema, introspection);
  const shared = new SharedSubscriptions(metrics, (error) => format(error, randomUUID()), deliveries);
  return makeServer<Record<string, unknown> | undefined, Connection>({
    // Connections that are not initialised in time are ended where they are accepted.
    connectionInitWaitTimeout: 0,
    onConnect: async ({ connectionParams, subscriptions, extra }) => {
      extra.operations = subscriptions;
      const credentials = await options.readCredentials(authorizationOf(connectionParams));
      if (credentials.kind === 'invalid') return false;
      extra.credentials = credentials;
      return credentials.kind !== 'user' || admitUser(extra, credentials, options);
    },
    onSubscribe: ({ extra }, id, payload) => {
      const refusal = refusalOf(() => options.admit(extra.address));
      if (refusal !== undefined) return [refusal];
      if (isFull(extra)) {
        metrics.socketsRefused.inc({ reason: 'operations' });
        return [tooManyOperations()];
      }
      const operation = prepareOperation(extra, id, payload, schema, documents);
      if (!('document' in operation)) return operation;
      const requestId = randomUUID();
      logger.debug({ requestId, operation: id }, 'An operation came over a WebSocket');
      if (operation.kind !== 'subscription') drain.begin(extra.socket, id);
      const { credentials = { kind: 'none' }, address } = extra;
      operation.contextValue = options.createContext(credentials, requestId, address);
      return operation;
    },
    execute: (args: ExecutionArgs) =>
      drain.watch(counted(args as SocketOperation, () => inScope(args, () => options.execute(args)))),
    // In a microtask of its own: the scope, once entered, would be kept by all that the caller waits for.
    subscribe: (args: ExecutionArgs) =>
      Promise.resolve().then(() =>
        counted(args as SocketOperation, () =>
          inScope(args, () => subscribe(args as SocketOperation, shared)),
        ),
      ),
    onNext: (_context, _id, _payload, args, result: ExecutionResult) =>
      result.errors && {
        ...result,
        errors: result.errors.map((error) => format(error, requestIdOf(args))),
      },
    onError: (_context, _id, _payload, errors) =>
      errors.map((error) => (error instanceof GraphQLError ? format(error, randomUUID()) : error)),
    onComplete: ({ extra }, id) => drain.end(extra.socket, id),
  });
}

function refusalOf(admit: () => void): GraphQLError | undefined {
  try {
    admit();
    return undefined;
  } catch (error) {
    if (!isAppError(error, 'RATE_LIMITED')) throw error;
    return new GraphQLError(error.message, { originalError: error });
  }
}

/** @returns whether there was room for another connection of this user */
function admitUser(
  connection: Connection,
  { userId, expiresAt }: Extract<Credentials, { kind: 'user' }>,
  { caps, metrics }: ProtocolOptions,
): boolean {
  // It may have gone while its token was looked at, and would then be counted for ever.
  if (!connection.isOpen) return true;
  if (!caps.enterUser(userId)) {
    metrics.socketsRefused.inc({ reason: 'user' });
    connection.close(TRY_AGAIN_LATER, 'Too many connections of this account');
    return false;
  }
  connection.isCounted = true;
  closeWhenExpired(connection, expiresAt);
  return true;
}

/** What a client has ended may still be executed. */
function isFull({ operations = {}, executing }: Connection): boolean {
  return executing >= MOST_OPERATIONS || Object.keys(operations).length > MOST_OPERATIONS;
}

function tooManyOperations(): GraphQLError {
  const message = `A connection may have at most ${MOST_OPERATIONS} operations at once`;
  const extensions = { code: 'RATE_LIMITED', limit: MOST_OPERATIONS, retryAfterMs: 1_000 };
  return new GraphQLError(message, { extensions });
}

function counted<Result>({ connection }: SocketOperation, execute: () => Result): Result {
  const result = execute();
  if (!(result instanceof Promise)) return result;
  connection.executing += 1;
  const end = () => {
    connection.executing -= 1;
  };
  result.then(end, end);
  return result;
}

/** Log lines of resolvers then carry the request's id, as over HTTP. */
function inScope<Result>(args: ExecutionArgs, work: () => Result): Result {
  return requestScope.run({ requestId: requestIdOf(args) }, work);
}

function requestIdOf(args: ExecutionArgs): string {
  return (args.contextValue as RequestContext).requestId;
}

async function subscribe(
  operation: SocketOperation,
  shared: SharedSubscriptions,
): Promise<AsyncIterable<ExecutionResult> | ExecutionResult> {
  const source = await createSourceEventStream(operation);
  if (!(Symbol.asyncIterator in source)) return source;
  if (!(source instanceof FeedSubscription)) {
    return mapped(source, (update) => execute({ ...operation, rootValue: update }));
  }
  // Who it is has been decided upon; kept for each of many, it would only cost memory.
  operation.contextValue = undefined;
  return shared.join(operation, source);
}

/** Not an async generator: that would not end while it waits for its source. */
function mapped<From, To>(
  source: AsyncIterable<From>,
  map: (value: From) => To | Promise<To>,
): AsyncIterableIterator<To> {
  const values = source[Symbol.asyncIterator]();
  const step = async (result: IteratorResult<From>): Promise<IteratorResult<To>> =>
    result.done ? { value: undefined, done: true } : { value: await map(result.value), done: false };
  const iterator: AsyncIterableIterator<To> = {
    next: async () => step(await values.next()),
    return: async () => {
      await values.return?.();
      return { value: undefined, done: true };
    },
    throw: async (error) => {
      await values.return?.();
      throw error;
    },
    [Symbol.asyncIterator]: () => iterator,
  };
  return iterator;
}

/** `{"Authorization": "Bearer ..."}`, as GraphiQL and most clients send it. */
function authorizationOf(parameters: Record<string, unknown> | undefined): string | undefined {
  const header = Object.entries(parameters ?? {}).find(([name]) => name.toLowerCase() === 'authorization');
  return typeof header?.[1] === 'string' ? header[1] : undefined;
}

/** 4403 is a code after which clients connect again, then with a fresh token. */
function closeWhenExpired(connection: Connection, expiresAt: Date): void {
  const timer = setTimeout(
    () => connection.close(CloseCode.Forbidden, 'The access token has expired'),
    Math.max(expiresAt.getTime() - Date.now(), 0),
  );
  timer.unref();
  connection.socket.once('close', () => clearTimeout(timer));
}
