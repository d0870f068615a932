import 'reflect-metadata';
import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import {
  AuditResolver,
  OrderPaymentsResolver,
  PaymentResolver,
  ProducerFiguresResolver,
} from './accounting/index.js';
import { AccountResolver, type Credentials } from './accounts/index.js';
import {
  AuditLogResolver,
  ProducerAuditLogResolver,
  ProducerResolver,
  ShowResolver,
  TicketResolver,
  UserProducersResolver,
} from './catalog/index.js';
import { createCoordination } from './coordination.js';
import { createOrm, SERVER_TIMEOUTS } from './database/index.js';
import { OrderDisputesResolver } from './disputes/index.js';
import type { Environment } from './env.js';
import { createApollo } from './graphql/apollo.js';
import { RequestContext } from './graphql/context.js';
import { createExecutor } from './graphql/execution.js';
import { PersistedQueries } from './graphql/persisted-queries.js';
import { createSchema, type Resolvers } from './graphql/schema.js';
import { checkoutRoutes } from './http/checkout.routes.js';
import { allowOrigins } from './http/cors.js';
import { graphiqlRoute } from './http/graphiql/graphiql.route.js';
import { graphqlRoute } from './http/graphql.route.js';
import { operationsRoutes } from './http/operations.routes.js';
import { Origins } from './http/origins.js';
import { securityHeaders } from './http/security-headers.js';
import { createHttpServer } from './http/server.js';
import { SocketCaps } from './http/socket-caps.js';
import { webhookRoutes } from './http/webhook.route.js';
import { acceptWebSockets } from './http/websocket.js';
import { InventoryCounters, InventoryResolver } from './inventory/index.js';
import type { Logger } from './logging.js';
import { Metrics } from './metrics.js';
import { AttendeeResolver, OrderFieldsResolver, OrderLineResolver, OrderResolver } from './orders/index.js';
import { WebhookEventResolver } from './payments/index.js';
import { BuyerDataResolver } from './privacy/index.js';
import { createReadiness } from './readiness.js';
import {
  CancellationFieldsResolver,
  OrderRefundsResolver,
  RefundResolver,
  ShowCancellationResolver,
} from './refunds/index.js';
import { createServices, type Foundations, type Services } from './services.js';
import { createStreams } from './streams.js';

/** Longer than a purchase takes that waits for its locks and for Stripe; in milliseconds. */
const PATIENCE_MS = 20_000;

export interface App {
  readonly server: FastifyInstance;
  readonly services: Services;
  /** Finishes what is under way, tells sockets to go elsewhere, and lets go of everything. */
  close(): Promise<void>;
}

/** All wiring, by hand; `replace` puts other foundations in the place of ours. */
export async function createApp(
  environment: Environment,
  logger: Logger,
  replace: Partial<Foundations> = {},
): Promise<App> {
  const metrics = new Metrics();
  const foundations: Foundations = {
    environment,
    logger,
    metrics,
    orm: await createOrm(environment.DATABASE_URL, environment.DATABASE_POOL_SIZE, SERVER_TIMEOUTS),
    counters: new InventoryCounters(),
    ...createCoordination(environment, metrics, logger),
    ...replace,
  };
  const services = createServices(foundations);
  const schema = createSchema(resolversOf(services));
  const streams = createStreams(services);
  const createContext = (
    credentials: Credentials,
    requestId: string,
    clientAddress: string,
    signal?: AbortSignal,
  ) =>
    new RequestContext(
      () => foundations.orm.em.fork(),
      credentials,
      requestId,
      streams,
      clientAddress,
      signal,
    );

  const admit = (clientAddress: string) => services.limits.operation(clientAddress);

  const readiness = createReadiness(foundations);
  const origins = new Origins(environment.CORS_ORIGINS, environment.PUBLIC_URL);
  const { NODE_ENV, PUBLIC_URL, TRUSTED_PROXIES } = environment;
  const headers = securityHeaders(NODE_ENV === 'production' && PUBLIC_URL.startsWith('https:'));
  const server = createHttpServer(TRUSTED_PROXIES, headers, readiness.isDraining, metrics, logger);
  await allowOrigins(server, origins);
  const persistedQueries = new PersistedQueries(foundations.events);
  const execute = createExecutor(schema, metrics);
  const apollo = createApollo(schema, execute, environment.INTROSPECTION, persistedQueries, metrics, logger);
  await apollo.start();
  const executed = graphqlRoute(
    server,
    apollo,
    async ({ authorization, requestId, clientAddress, signal }) =>
      createContext(await services.accessTokens.read(authorization), requestId, clientAddress, signal),
    admit,
    metrics,
  );
  webhookRoutes(server, services.webhooks, logger);
  checkoutRoutes(server, (clientAddress, sessionId) =>
    services.orders.completeCheckout(foundations.orm.em.fork(), clientAddress, sessionId),
  );
  await server.register(graphiqlRoute);
  operationsRoutes(server, metrics, readiness.check);
  const limits = environment.RATE_LIMITS
    ? { perAddress: environment.WEBSOCKETS_PER_ADDRESS, perUser: environment.WEBSOCKETS_PER_USER }
    : undefined;
  const drainSockets = acceptWebSockets(server.server, {
    schema,
    execute,
    introspection: environment.INTROSPECTION,
    readCredentials: (authorization) => services.accessTokens.read(authorization),
    createContext,
    admit,
    trustedProxies: environment.TRUSTED_PROXIES,
    origins,
    caps: new SocketCaps(limits),
    metrics,
    logger,
  });

  return {
    server,
    services,
    close: async () => {
      readiness.drain();
      const stopServing = async () => {
        // Whoever sends requests here has to notice first that this process is not ready any more.
        if (server.server.listening) await delay(environment.DRAIN_DELAY_MS);
        await Promise.all([drainSockets(PATIENCE_MS), closeHttp(server)]);
      };
      await Promise.all([services.worker.stop(), stopServing()]);
      await executed();
      await apollo.stop();
      services.stream.close();
      services.orderEvents.close();
      services.publishedShows.close();
      services.publicQueries.close();
      services.mailer.close();
      await foundations.events.close();
      await foundations.locks.close();
      foundations.counting?.disconnect();
      await foundations.orm.close();
    },
  };
}

/** Takes no new connections, and waits for the requests in flight. */
async function closeHttp(server: FastifyInstance): Promise<void> {
  const overdue = setTimeout(() => server.server.closeAllConnections(), PATIENCE_MS);
  await server.close();
  clearTimeout(overdue);
}

function resolversOf(services: Services): Resolvers {
  return new Map<unknown, object>([
    [AccountResolver, new AccountResolver(services.accounts)],
    [ProducerResolver, new ProducerResolver(services.producers, services.platformFees)],
    [AuditLogResolver, new AuditLogResolver(services.auditLog)],
    [ProducerAuditLogResolver, new ProducerAuditLogResolver(services.auditLog)],
    [UserProducersResolver, new UserProducersResolver()],
    [ShowResolver, new ShowResolver(services.shows, services.catalogReader, services.showList)],
    [TicketResolver, new TicketResolver(services.tickets, services.catalogReader, services.memberships)],
    [InventoryResolver, new InventoryResolver()],
    [OrderResolver, new OrderResolver(services.orders, services.purchases, services.checkouts)],
    [OrderFieldsResolver, new OrderFieldsResolver()],
    [OrderPaymentsResolver, new OrderPaymentsResolver()],
    [PaymentResolver, new PaymentResolver(services.memberships)],
    [ProducerFiguresResolver, new ProducerFiguresResolver(services.memberships)],
    [AuditResolver, new AuditResolver(services.ledgerAudit)],
    [OrderDisputesResolver, new OrderDisputesResolver(services.memberships)],
    [OrderLineResolver, new OrderLineResolver()],
    [AttendeeResolver, new AttendeeResolver()],
    [RefundResolver, new RefundResolver(services.refunds)],
    [OrderRefundsResolver, new OrderRefundsResolver()],
    [
      ShowCancellationResolver,
      new ShowCancellationResolver(services.showCancellations, services.memberships),
    ],
    [CancellationFieldsResolver, new CancellationFieldsResolver()],
    [BuyerDataResolver, new BuyerDataResolver(services.buyers)],
    [WebhookEventResolver, new WebhookEventResolver(services.webhookEvents)],
  ]);
}
