import { randomUUID } from 'node:crypto';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { type Logger, requestScope } from '../logging.js';
import type { Metrics } from '../metrics.js';

/** The largest body of a request, in bytes. */
const BODY_LIMIT = 256 * 1024;
/**
 * Milliseconds for the head of a request and for all of it to arrive, how often that is looked at, and for how long
 * nothing may move over a connection: slow ones must not keep it for ever. The last is longer than any answer takes.
 */
const TIMEOUTS_MS = { headers: 10_000, request: 30_000, check: 2_000, silence: 120_000 } as const;
/** Those that any route has. */
const METHODS = ['GET', 'POST'] as const;
const USABLE_REQUEST_ID = /^[\w.-]{8,100}$/;

/**
 * The HTTP server with what all routes share: request ids, logs, metrics, errors.
 *
 * @param trustedProxies how many proxies stand in front, and tell the client's address
 * @param securityHeaders that go with every answer
 * @param isDraining whether clients are to connect elsewhere for what they ask next
 */
export function createHttpServer(
  trustedProxies: number,
  securityHeaders: Readonly<Record<string, string>>,
  isDraining: () => boolean,
  metrics: Metrics,
  logger: Logger,
): FastifyInstance {
  const server = Fastify({
    loggerInstance: logger as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    // What a line belongs to is in the request's scope; a logger of its own for each request would cost more.
    childLoggerFactory: (parent) => parent,
    bodyLimit: BODY_LIMIT,
    // Of what X-Forwarded-For says, only what our own proxies wrote can be believed.
    trustProxy: trustedProxies > 0 && ((_address, hop) => hop < trustedProxies),
    requestTimeout: TIMEOUTS_MS.request,
    connectionTimeout: TIMEOUTS_MS.silence,
    http: { headersTimeout: TIMEOUTS_MS.headers, connectionsCheckingInterval: TIMEOUTS_MS.check },
    keepAliveTimeout: 65_000,
    forceCloseConnections: 'idle',
    // What still comes over a connection that was open before is served, and the connection then closed.
    return503OnClosing: false,
    routerOptions: { maxParamLength: 500 },
    genReqId: (request) => {
      const given = request.headers['x-request-id'];
      return typeof given === 'string' && USABLE_REQUEST_ID.test(given) ? given : randomUUID();
    },
  });
  server.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id).headers(securityHeaders);
    requestScope.run({ requestId: request.id }, done);
  });
  server.addHook('onSend', (_request, reply, payload, done) => {
    if (isDraining()) void reply.header('connection', 'close');
    done(null, payload);
  });
  server.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown';
    const labels = { method: request.method, route, status: String(reply.statusCode) };
    metrics.httpRequests.observe(labels, reply.elapsedTime / 1000);
    done();
  });
  server.setErrorHandler<FastifyError>((error, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) logger.error({ err: error, requestId: request.id }, 'A request failed unexpectedly');
    // Cutting the connection on a client that still sends would lose it this answer; the rest is thrown away.
    if (status === 413) void reply.removeHeader('connection');
    void reply.code(status).send({ errors: [describe(error, status, request.id)] });
  });
  server.setNotFoundHandler((request, reply) => {
    const url = request.url.split('?')[0] ?? '';
    const methods = METHODS.filter((method) => server.findRoute({ url, method }) !== null);
    if (methods.length > 0) return refuseMethod(request, reply, methods);
    const message = `There is nothing at ${request.method} ${request.url.split('?')[0]?.slice(0, 100)}`;
    void reply.code(404).send({ errors: [{ message, extensions: { code: 'NOT_FOUND' } }] });
  });
  return server;
}

/** RFC 9110, section 15.5.6. */
function refuseMethod(request: FastifyRequest, reply: FastifyReply, methods: readonly string[]): void {
  const message = `There is no ${request.method} here; use ${methods.join(' or ')}`;
  void reply
    .code(405)
    .header('allow', methods.join(', '))
    .send({ errors: [{ message, extensions: { code: 'BAD_USER_INPUT' } }] });
}

/** In the form of GraphQL errors, so that clients need to know one form only. */
function describe(error: FastifyError, status: number, requestId: string) {
  if (status >= 500) {
    return { message: 'Internal server error', extensions: { code: 'INTERNAL_SERVER_ERROR', requestId } };
  }
  const message =
    status === 413
      ? `The body must not be larger than ${BODY_LIMIT / 1024} kB`
      : error.code === 'FST_ERR_CTP_INVALID_JSON_BODY' || error instanceof SyntaxError
        ? 'The body is not valid JSON'
        : error.message;
  return { message, extensions: { code: 'BAD_USER_INPUT' } };
}
