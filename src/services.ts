import { LedgerAudit } from './accounting/index.js';
import { AccessTokens, AccountService, Passwords, RateLimits, RefreshTokens } from './accounts/index.js';
import {
  AccountChecks,
  AuditLogService,
  CatalogReader,
  Memberships,
  PlatformFeesService,
  ProducerService,
  PublicQueries,
  PublishedShows,
  SaleReader,
  ShowList,
  ShowService,
  StripeAccountService,
  TicketService,
} from './catalog/index.js';
import type { Coordination } from './coordination.js';
import { type Orm, Turnstile } from './database/index.js';
import { DisputeChecks, DisputeService, DisputeSettlement, DisputeWebhooks } from './disputes/index.js';
import type { Environment } from './env.js';
import { InventoryCounters, InventoryStream } from './inventory/index.js';
import { DisputeMails, FileMailer, type Mailer, OrderMails, SmtpMailer, Worker } from './jobs/index.js';
import type { Logger } from './logging.js';
import type { Metrics } from './metrics.js';
import {
  CheckoutOpening,
  CheckoutService,
  CheckoutWebhooks,
  KnownOrders,
  OrderCheckout,
  OrderChecks,
  OrderConfirmation,
  OrderEvents,
  OrderLifecycle,
  OrderPlacement,
  OrderReopening,
  OrderService,
  OrderSettlement,
  OrderTokens,
  type PurchaseExecutor,
  PurchaseService,
  QueuedPurchaseExecutor,
  TransferAttribution,
} from './orders/index.js';
import {
  Checkout,
  Connect,
  createStripeClient,
  Disputes,
  EventProcessor,
  EventReconciler,
  isLiveMode,
  Ledger,
  OrderRecords,
  Refunds,
  requestsPerSecond,
  StripeCalls,
  StripeEvents,
  StripePace,
  WebhookEventStore,
  WebhookEventsService,
  WebhookInbox,
} from './payments/index.js';
import { BuyerDataService } from './privacy/index.js';
import {
  CancellationRun,
  LateRefunds,
  RefundChecks,
  RefundExecution,
  RefundPlacement,
  RefundService,
  RefundSettlement,
  RefundWebhooks,
  ShowCancellationService,
} from './refunds/index.js';

/** In how many intervals of reconciliation each producer's account is asked about once. */
const ACCOUNT_ROUNDS = 15;
/** One for orders that follow their payments by our own asking, one for those that follow webhooks, two for all else. */
const PARTS_OF_THE_POOL = 4;

/** What everything else is made of. */
export interface Foundations extends Coordination {
  readonly environment: Environment;
  readonly orm: Orm;
  readonly counters: InventoryCounters;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** What carries purchases out in the place of the queue. */
  readonly createExecutor?: (
    foundations: Foundations,
    placement: OrderPlacement,
    inventory: InventoryStream,
  ) => PurchaseExecutor;
}

export type Services = ReturnType<typeof createServices>;

/** All services, wired by hand; constructing them starts nothing. */
export function createServices(foundations: Foundations) {
  const { environment, orm, counters, metrics, logger, events } = foundations;
  const stripe = createStripeClient(environment);
  const pace = new StripePace(requestsPerSecond(environment), foundations.counting, metrics);
  const calls = new StripeCalls(pace, metrics, logger);
  const checkout = new Checkout(stripe, calls);
  const connect = new Connect(stripe, calls);
  const stream = new InventoryStream(orm, events, counters, metrics, logger);
  const orderEvents = new OrderEvents(orm, events, metrics, logger);

  const accessTokens = new AccessTokens(environment.JWT_SECRET);
  const limits = new RateLimits(environment, foundations.counting, metrics);
  const passwords = new Passwords(metrics);
  const accounts = new AccountService(accessTokens, new RefreshTokens(logger), passwords, limits);
  const producers = new ProducerService(connect);
  const platformFees = new PlatformFeesService(environment.PLATFORM_FEE_PERCENT);
  const shows = new ShowService(producers, counters, stream);
  const tickets = new TicketService(shows, counters, stream);

  const partOfThePool = () => new Turnstile(Math.ceil(environment.DATABASE_POOL_SIZE / PARTS_OF_THE_POOL));
  const ledger = new Ledger();
  const confirmation = new OrderConfirmation(counters, ledger, metrics, logger);
  const settlement = new OrderSettlement(counters, confirmation);
  const orderCheckout = new OrderCheckout(checkout, environment.PUBLIC_URL);
  const lifecycle = new OrderLifecycle(
    orm,
    partOfThePool(),
    checkout,
    orderCheckout,
    settlement,
    stream,
    orderEvents,
    metrics,
    logger,
  );
  const tokens = new OrderTokens(environment.JWT_SECRET);
  const placement = new OrderPlacement(counters, {
    holdMinutes: environment.HOLD_MINUTES,
    platformFeePercent: environment.PLATFORM_FEE_PERCENT,
  });
  const executor =
    foundations.createExecutor?.(foundations, placement, stream) ??
    new QueuedPurchaseExecutor(orm, foundations.locks, placement, stream, metrics, logger, {
      waitMs: environment.LOCK_WAIT_MS,
    });
  const opening = new CheckoutOpening(orderCheckout, lifecycle, tokens, logger);
  const sales = new SaleReader(orm);
  const purchases = new PurchaseService(
    sales,
    producers,
    executor,
    new KnownOrders(orm),
    opening,
    limits,
    metrics,
    logger,
  );
  const orders = new OrderService(producers, lifecycle, tokens, limits);
  const reopening = new OrderReopening(
    orm,
    sales,
    foundations.locks,
    counters,
    stream,
    orderEvents,
    environment.HOLD_MINUTES,
    logger,
  );
  const checkouts = new CheckoutService(orders, reopening, orderCheckout, lifecycle, opening, limits);

  const disputes = new DisputeService(
    orm,
    new Disputes(stripe, calls),
    new DisputeSettlement(ledger),
    lifecycle,
    orderEvents,
    metrics,
    logger,
  );
  const refundsAtStripe = new Refunds(stripe, calls);
  const refundPlacement = new RefundPlacement(counters);
  const refundSettlement = new RefundSettlement(ledger, metrics, logger);
  const execution = new RefundExecution(orm, refundsAtStripe, refundSettlement, orderEvents, logger);
  const refunds = new RefundService(orm, orders, refundPlacement, execution, stream, orderEvents, logger);

  const stripeAccounts = new StripeAccountService(orm, connect, logger);
  const livemode = isLiveMode(environment);
  const eventStore = new WebhookEventStore(orm);
  const processor = new EventProcessor(
    orm,
    partOfThePool(),
    eventStore,
    new Map([
      ...new CheckoutWebhooks(orm, checkout, settlement, lifecycle).handlers(),
      ...stripeAccounts.handlers(),
      ...new DisputeWebhooks(disputes).handlers(),
      ...new RefundWebhooks(orm, refundsAtStripe, refundSettlement, lifecycle, orderEvents).handlers(),
    ]),
    logger,
  );
  const webhooks = new WebhookInbox(
    stripe,
    { platform: environment.STRIPE_WEBHOOK_SECRET, connect: environment.STRIPE_CONNECT_WEBHOOK_SECRET },
    livemode,
    processor,
    metrics,
    logger,
  );
  const stripeEvents = new StripeEvents(stripe, calls, livemode);
  const webhookEvents = new WebhookEventsService(stripeEvents, processor, logger);
  const reconciler = new EventReconciler(
    orm,
    stripeEvents,
    eventStore,
    processor,
    webhookEvents,
    environment.RECONCILE_SECONDS,
    metrics,
    logger,
  );

  const ledgerAudit = new LedgerAudit(new OrderRecords(stripe, calls));

  const mailer = createMailer(environment);
  const worker = new Worker(
    environment.DATABASE_URL,
    orm,
    new OrderChecks(orm, lifecycle, logger),
    {
      execution,
      late: new LateRefunds(orm, refundPlacement, execution),
      checks: new RefundChecks(orm, execution, logger),
      cancellations: new CancellationRun(orm, lifecycle, refunds, logger),
    },
    new DisputeChecks(orm, disputes, logger),
    reconciler,
    new AccountChecks(orm, stripeAccounts, environment.RECONCILE_SECONDS * ACCOUNT_ROUNDS, logger),
    new TransferAttribution(orm, checkout),
    new OrderMails(orm, mailer, environment.PUBLIC_URL),
    new DisputeMails(orm, mailer, environment.PUBLIC_URL),
    metrics,
    logger,
  );
  const showCancellations = new ShowCancellationService(orm, shows, counters, stream);
  const memberships = new Memberships(orm);
  const publishedShows = new PublishedShows(orm, events, metrics, logger);
  const publicQueries = new PublicQueries(events, logger);
  const catalogReader = new CatalogReader(publishedShows, memberships);
  const showList = new ShowList(orm, memberships, publishedShows, publicQueries);
  return {
    accessTokens,
    limits,
    accounts,
    producers,
    platformFees,
    auditLog: new AuditLogService(),
    buyers: new BuyerDataService(orderEvents),
    shows,
    memberships,
    publishedShows,
    publicQueries,
    catalogReader,
    showList,
    tickets,
    purchases,
    orders,
    checkouts,
    orderEvents,
    refunds,
    showCancellations,
    stream,
    webhooks,
    ledgerAudit,
    webhookEvents,
    mailer,
    worker,
  };
}

function createMailer(environment: Environment): Mailer {
  const { SMTP_URL, MAIL_FROM, MAIL_DIRECTORY } = environment;
  return SMTP_URL === undefined
    ? new FileMailer(MAIL_DIRECTORY, MAIL_FROM)
    : new SmtpMailer(SMTP_URL, MAIL_FROM);
}
