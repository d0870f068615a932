import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import {
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  NoSchemaIntrospectionCustomRule,
  parse,
  specifiedRules,
  subscribe,
  validate,
} from 'graphql';
import { CloseCode, type SubscribePayload } from 'graphql-ws';
import { useServer as serveProtocol } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import type { Credentials } from '../accounts/index.js';
import type { RequestContext } from '../graphql/context.js';
import { formatError } from '../graphql/errors.js';
import { DOCUMENT_LIMITS, documentLimits } from '../graphql/limits.js';
import { type Logger, requestScope } from '../logging.js';
import type { Metrics } from '../metrics.js';
import { SocketDrain } from './socket-drain.js';

/** Bytes. */
const LARGEST_MESSAGE = 256 * 1024;
const CONNECTION_INIT_MS = 3_000;

export interface WebSocketOptions {
  readonly schema: GraphQLSchema;
  readonly introspection: boolean;
  readonly readCredentials: (authorization: string | undefined) => Promise<Credentials>;
  readonly createContext: (credentials: Credentials, requestId: string, address: string) => RequestContext;
  /** How many proxies stand in front, and tell the client's address. */
  readonly trustedProxies: number;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/**
 * GraphQL over WebSocket on /graphql, by the graphql-transport-ws protocol
 * (https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md).
 *
 * @returns what ends all connections with 1001 (going away), each once its operations are answered, and
 * after so many milliseconds at the latest
 */
export function acceptWebSockets(
  server: Server,
  options: WebSocketOptions,
): (patienceMs: number) => Promise<void> {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: LARGEST_MESSAGE });
  const drain = new SocketDrain();
  server.on('upgrade', (request, socket, head) => {
    // Node.js has taken its own listener away: without one, a client that resets would end the process.
    socket.on('error', () => socket.destroy());
    const refuse = (status: string) => socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
    if (request.url?.split('?')[0] !== '/graphql') return refuse('404 Not Found');
    if (drain.draining) return refuse('503 Service Unavailable');
    sockets.handleUpgrade(request, socket, head, (accepted) => sockets.emit('connection', accepted, request));
  });
  sockets.on('connection', (socket) => {
    options.metrics.sockets.inc();
    drain.add(socket);
    socket.on('close', () => options.metrics.sockets.dec());
  });
  const format = (error: GraphQLError, requestId: string) =>
    formatError(error.toJSON(), error, options.logger, requestId);
  const protocol = serveProtocol<Record<string, unknown> | undefined, { credentials: Credentials }>(
    {
      connectionInitWaitTimeout: CONNECTION_INIT_MS,
      onConnect: async ({ connectionParams, extra }) => {
        const credentials = await options.readCredentials(authorizationOf(connectionParams));
        if (credentials.kind === 'invalid') return false;
        extra.credentials = credentials;
        if (credentials.kind === 'user') closeWhenExpired(extra.socket, credentials.expiresAt);
        return true;
      },
      onSubscribe: ({ extra }, id, payload) => {
        const requestId = randomUUID();
        const context = options.createContext(
          extra.credentials ?? { kind: 'none' },
          requestId,
          clientAddress(extra.request, options.trustedProxies),
        );
        options.logger.debug({ requestId, operation: id }, 'An operation came over a WebSocket');
        const prepared = requestScope.run({ requestId }, () => prepare(payload, context, options));
        if ('document' in prepared && isAnsweredOnce(prepared)) drain.begin(extra.socket, id);
        return prepared;
      },
      execute: (args: ExecutionArgs) => drain.watch(inScope(args, () => execute(args))),
      subscribe: (args: ExecutionArgs) => inScope(args, () => subscribe(args)),
      onNext: (_context, _id, _payload, args, result: ExecutionResult) =>
        result.errors && {
          ...result,
          errors: result.errors.map((error) => format(error, requestIdOf(args))),
        },
      onError: (_context, _id, _payload, errors) =>
        errors.map((error) => (error instanceof GraphQLError ? format(error, randomUUID()) : error)),
      onComplete: ({ extra }, id) => drain.end(extra.socket, id),
    },
    sockets,
  );
  // After the library's own listener, which writes plain text to the console instead of the log.
  sockets.on('connection', (socket) => {
    socket.removeAllListeners('error');
    socket.on('error', (error) => options.logger.info({ err: error }, 'A WebSocket failed'));
  });
  return async (patienceMs) => {
    await drain.drain(patienceMs);
    await protocol.dispose();
  };
}

/** Subscriptions have no end that could be waited for. */
function isAnsweredOnce({ document, operationName }: ExecutionArgs): boolean {
  const operation = getOperationAST(document, operationName)?.operation;
  return operation === 'query' || operation === 'mutation';
}

/** Log lines of resolvers then carry the request's id, as over HTTP. */
function inScope<Result>(args: ExecutionArgs, work: () => Result): Result {
  return requestScope.run({ requestId: requestIdOf(args) }, work);
}

function requestIdOf(args: ExecutionArgs): string {
  return (args.contextValue as RequestContext).requestId;
}

/** The same checks as over HTTP, where Apollo makes them. */
function prepare(
  payload: SubscribePayload,
  contextValue: RequestContext,
  options: WebSocketOptions,
): ExecutionArgs | readonly GraphQLError[] {
  try {
    const document = parse(payload.query, { maxTokens: DOCUMENT_LIMITS.tokens });
    const introspection = options.introspection ? [] : [NoSchemaIntrospectionCustomRule];
    const rules = [...specifiedRules, ...documentLimits, ...introspection];
    const errors = validate(options.schema, document, rules);
    if (errors.length > 0) return errors.map((error) => withCode(error, 'GRAPHQL_VALIDATION_FAILED'));
    if (!getOperationAST(document, payload.operationName)) return [operationNotFound(payload.operationName)];
    return {
      schema: options.schema,
      document,
      contextValue,
      operationName: payload.operationName,
      variableValues: payload.variables,
    };
  } catch (error) {
    if (error instanceof GraphQLError) return [withCode(error, 'GRAPHQL_PARSE_FAILED')];
    throw error;
  }
}

function operationNotFound(name: string | null | undefined): GraphQLError {
  const message = name == null ? 'Name one of the operations in operationName' : 'There is no such operation';
  return withCode(new GraphQLError(message), 'OPERATION_RESOLUTION_FAILURE');
}

function withCode(error: GraphQLError, code: string): GraphQLError {
  return new GraphQLError(error.message, {
    nodes: error.nodes,
    source: error.source,
    positions: error.positions,
    extensions: { ...error.extensions, code },
  });
}

/** `{"Authorization": "Bearer ..."}`, as GraphiQL and most clients send it. */
function authorizationOf(parameters: Record<string, unknown> | undefined): string | undefined {
  const header = Object.entries(parameters ?? {}).find(([name]) => name.toLowerCase() === 'authorization');
  return typeof header?.[1] === 'string' ? header[1] : undefined;
}

/** 4403 is a code after which clients connect again, then with a fresh token. */
function closeWhenExpired(
  socket: { close(code: number, reason: string): void; once(event: 'close', listener: () => void): unknown },
  expiresAt: Date,
): void {
  const timer = setTimeout(
    () => socket.close(CloseCode.Forbidden, 'The access token has expired'),
    Math.max(expiresAt.getTime() - Date.now(), 0),
  );
  timer.unref();
  socket.once('close', () => clearTimeout(timer));
}

/** As Fastify tells it over HTTP: the address that the outermost of our own proxies saw. */
function clientAddress(request: IncomingMessage, trustedProxies: number): string {
  const own = request.socket.remoteAddress ?? '';
  if (trustedProxies === 0) return own;
  const forwarded = String(request.headers['x-forwarded-for'] ?? '').split(',');
  return forwarded.at(-Math.min(trustedProxies, forwarded.length))?.trim() || own;
}
