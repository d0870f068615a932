import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Everything that `/metrics` shows. Durations are in seconds, as Prometheus advises. */
export class Metrics {
  readonly registry = new Registry();

  readonly httpRequests = this.histogram('boxoffice_http_request_seconds', 'HTTP requests', [
    'method',
    'route',
    'status',
  ]);
  readonly operations = this.histogram('boxoffice_graphql_operation_seconds', 'GraphQL operations', [
    'type',
    'outcome',
  ]);
  readonly rateLimited = this.counter(
    'boxoffice_rate_limited_total',
    'Requests that were refused since there had been too many',
    ['limit'],
  );
  readonly passwordHashes = this.counter(
    'boxoffice_password_hashes_total',
    'Passwords that were hashed, to be stored or to be compared',
    ['operation'],
  );
  readonly executions = this.counter(
    'boxoffice_graphql_executions_total',
    'Executions of documents: compiled ones that came again and again, and interpreted ones',
    ['way'],
  );
  readonly purchases = this.counter('boxoffice_purchases_total', 'Purchases by outcome', ['outcome']);
  readonly ordersSettled = this.counter(
    'boxoffice_orders_settled_total',
    'Orders that were paid, or ended, by what they became',
    ['status'],
  );
  readonly refundsSettled = this.counter(
    'boxoffice_refunds_settled_total',
    'Refunds that Stripe has decided on; one that failed can be tried again',
    ['status'],
  );
  readonly lockWait = this.histogram('boxoffice_lock_wait_seconds', 'Waiting for the locks of a purchase');
  readonly lockHold = this.histogram('boxoffice_lock_hold_seconds', 'Holding the locks of a purchase');
  readonly lockContention = this.counter(
    'boxoffice_lock_contention_total',
    'Attempts at a lock that somebody else held',
  );
  readonly lockFailures = this.counter(
    'boxoffice_lock_failures_total',
    'Locks that could not be had or kept',
    ['reason'],
  );
  readonly purchasesWaiting = this.gauge('boxoffice_purchases_waiting', 'Purchases that wait their turn');
  readonly readModelShows = this.gauge('boxoffice_read_model_shows', 'Public shows kept in memory');
  readonly readModelLoads = this.counter(
    'boxoffice_read_model_loads_total',
    'Public shows read from the database into memory',
  );
  readonly readModelVerifications = this.counter(
    'boxoffice_read_model_verifications_total',
    'Public shows in memory compared with the database, by whether it had another state',
    ['outcome'],
  );
  readonly readModelCorrections = this.counter(
    'boxoffice_read_model_corrections_total',
    'Public shows of which the database had other counters than messages had told by then',
  );
  readonly sharedAnswers = this.counter(
    'boxoffice_shared_answers_total',
    'Anonymous requests to /graphql, by whether a kept answer served them',
    ['outcome'],
  );
  readonly redisAvailable = this.gauge('boxoffice_redis_available', '1 while Redis answers', ['use']);
  readonly jobs = this.counter('boxoffice_jobs_total', 'Background jobs by task and outcome', [
    'task',
    'outcome',
  ]);
  readonly subscribers = this.gauge('boxoffice_subscribers', 'Open subscriptions', ['field']);
  readonly sockets = this.gauge('boxoffice_websockets', 'Open WebSocket connections');
  readonly socketsRefused = this.counter(
    'boxoffice_websockets_refused_total',
    'WebSocket connections and operations over them that were refused',
    ['reason'],
  );
  readonly sharedExecutions = this.counter(
    'boxoffice_shared_executions_total',
    'Executions whose answer went to all who had subscribed by the same document',
  );
  readonly sharedDeliveries = this.counter(
    'boxoffice_shared_deliveries_total',
    'Messages with such an answer that were sent',
  );
  readonly sharedDeferrals = this.counter(
    'boxoffice_shared_deferrals_total',
    'Messages not sent because the subscriber had not yet taken the one before; it gets the newest state later',
  );
  readonly webhooks = this.counter('boxoffice_webhooks_total', 'Webhook deliveries by outcome', [
    'endpoint',
    'outcome',
  ]);
  readonly eventsFound = this.counter(
    'boxoffice_stripe_events_found_total',
    'Events that never arrived, or had failed, and were found by asking Stripe, by outcome',
    ['outcome'],
  );
  readonly stripeRequests = this.histogram('boxoffice_stripe_request_seconds', 'Calls to Stripe', [
    'outcome',
  ]);
  readonly stripeWait = this.histogram(
    'boxoffice_stripe_wait_seconds',
    'Waiting to be sent to Stripe, so as not to go beyond STRIPE_REQUESTS_PER_SECOND',
    ['priority'],
  );
  readonly stripeWaiting = this.gauge('boxoffice_stripe_waiting', 'Requests that wait to be sent to Stripe', [
    'priority',
  ]);
  readonly stripeNotAsked = this.counter(
    'boxoffice_stripe_not_asked_total',
    'Requests that were not sent to Stripe, since it would have been too late by the time they may be',
    ['priority'],
  );
  readonly paymentAlarms = this.counter(
    'boxoffice_payment_alarms_total',
    'Payments that need a human: what was paid does not fit the order',
    ['reason'],
  );
  readonly disputesOpened = this.counter(
    'boxoffice_disputes_opened_total',
    "Payments that a buyer's bank takes back; each needs evidence, handed in at Stripe in time",
  );

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  private histogram<Label extends string>(name: string, help: string, labelNames: Label[] = []) {
    return new Histogram({ name, help, labelNames, buckets: SECONDS, registers: [this.registry] });
  }

  private counter<Label extends string>(name: string, help: string, labelNames: Label[] = []) {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }

  private gauge<Label extends string>(name: string, help: string, labelNames: Label[] = []) {
    return new Gauge({ name, help, labelNames, registers: [this.registry] });
  }
}
