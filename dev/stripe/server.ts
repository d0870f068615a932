import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expireDue } from './actions/sessions.js';
import type { LocalStripeControl } from './control/control.js';
import { handleControl } from './control/control-routes.js';
import { Faults } from './control/faults.js';
import { localControl } from './control/local-control.js';
import { RequestLog } from './control/request-log.js';
import { handlePage } from './pages/page-routes.js';
import { allEndpoints } from './resources/index.js';
import { EventLog } from './state/event-log.js';
import { newStateId } from './state/ids.js';
import { encodeState } from './state/saved-state.js';
import { type ReadState, readStateFile, StateFile } from './state/state-file.js';
import { Store } from './state/store.js';
import type { World } from './state/world.js';
import { Deliveries } from './webhooks/deliveries.js';
import { type NewWebhookEndpoint, WebhookEndpoints } from './webhooks/endpoints.js';
import { Api } from './wire/api.js';
import { IdempotencyKeys } from './wire/idempotency.js';
import { RateLimiter, type RateLimits } from './wire/rate-limit.js';
import { Router } from './wire/router.js';

export interface LocalStripeOptions {
  /** Some free one where it is not given. */
  readonly port?: number;
  /** Default 127.0.0.1: whoever reaches it can pay and refund. */
  readonly host?: string;
  /** Where browsers find its pages; by default the host and port it listens on. */
  readonly publicUrl?: string;
  /** Default `sk_test_local`. */
  readonly secretKey?: string;
  readonly webhookEndpoints?: readonly NewWebhookEndpoint[];
  /** How long after each failed webhook the next attempt follows. */
  readonly webhookRetryDelaysMs?: readonly number[];
  /** How long a webhook may take to be answered; default 10 s. */
  readonly webhookTimeoutMs?: number;
  /**
   * Where everything is kept from one start to the next, except faults, requests and webhook endpoints; made if it
   * does not exist. Only one local Stripe at a time may use it. Without it, all is forgotten at the end.
   */
  readonly stateFile?: string;
  /** Beyond it requests are answered 429, as at Stripe. None unless given. */
  readonly rateLimits?: RateLimits;
  readonly log?: (line: string) => void;
}

export interface LocalStripe extends LocalStripeControl {
  readonly host: string;
  readonly port: number;
  readonly secretKey: string;
  /** Names all that this Stripe knows, as its `stateFile` keeps it; another one after a reset. */
  readonly stateId: string;
  /** What has become of a `stateFile` that could not be used. */
  readonly setAside: string | undefined;
  close(): Promise<void>;
}

/** Stripe tries for three days; this is the same shape in two minutes. */
const RETRY_DELAYS_MS = [250, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000];
const EXPIRY_CHECK_MS = 1000;
/** Longer than clients keep idle connections, so that none is closed just as it is used again. */
const KEEP_ALIVE_MS = 120_000;

/**
 * Starts a server that speaks the part of Stripe's API that selling tickets needs. The `stripe` package
 * talks to it when told `host`, `port` and `protocol: 'http'`.
 *
 * @throws when its port is taken, or its state file cannot be read
 */
export async function startLocalStripe(options: LocalStripeOptions = {}): Promise<LocalStripe> {
  const log = options.log ?? (() => {});
  const host = options.host ?? '127.0.0.1';
  const { stateFile } = options;
  const { state, setAside }: ReadState = stateFile === undefined ? {} : readStateFile(stateFile, log);
  let stateId = state?.id ?? newStateId();
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS });
  const port = await listen(server, host, options.port ?? 0);
  const secretKey = options.secretKey ?? 'sk_test_local';
  const publicUrl = (options.publicUrl ?? `http://${reachable(host)}:${port}`).replace(/\/+$/, '');

  const endpoints = new WebhookEndpoints();
  for (const endpoint of options.webhookEndpoints ?? []) endpoints.add(endpoint);
  const deliveries = new Deliveries(endpoints, {
    retryDelaysMs: options.webhookRetryDelaysMs ?? RETRY_DELAYS_MS,
    timeoutMs: options.webhookTimeoutMs ?? 10_000,
    log,
    changed,
  });
  const world: World = {
    store: state?.store ?? new Store(),
    events: new EventLog(
      () => world.store,
      (event) => {
        deliveries.accept(event);
        changed();
      },
    ),
    publicUrl,
    secretKey,
    settings: { refundsPending: false, ...state?.settings },
  };
  const keys = new IdempotencyKeys();
  keys.restore(state?.keys ?? []);
  const file = stateFile === undefined ? undefined : new StateFile(stateFile, encoded, log);
  const faults = new Faults();
  const requests = new RequestLog();
  const control = localControl({
    world,
    endpoints,
    deliveries,
    faults,
    requests,
    reset,
    changed,
    saved: async () => file?.saved(),
  });
  const router = new Router(allEndpoints(endpoints, deliveries));
  const rateLimiter = options.rateLimits && new RateLimiter(options.rateLimits);
  const api = new Api({ world, router, keys, faults, requests, rateLimiter, log, save });
  deliveries.restore(state?.undelivered ?? [], (id) => world.store.events.get(id));

  const expiry = setInterval(() => expireDue(world), EXPIRY_CHECK_MS);
  expiry.unref();
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    dispatch(request, response).catch((error: unknown) => {
      log(error instanceof Error ? (error.stack ?? error.message) : String(error));
      response.destroy();
    });
  });

  async function dispatch(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', publicUrl);
    if (url.pathname.startsWith('/v1/')) return api.handle(request, response, url);
    if (url.pathname.startsWith('/_control/')) return handleControl(control, request, response, url);
    return handlePage({ world, requests, deliveries, save }, request, response, url);
  }

  function encoded(): string {
    const undelivered = deliveries.undelivered();
    return encodeState({
      id: stateId,
      settings: world.settings,
      store: world.store,
      keys: keys.all(),
      undelivered,
    });
  }

  function changed(): void {
    file?.changed();
  }

  async function save(): Promise<void> {
    changed();
    await file?.saved();
  }

  function reset(): void {
    stateId = newStateId();
    world.store = new Store();
    world.settings.refundsPending = false;
    keys.clear();
    faults.clear();
    requests.clear();
    deliveries.reset();
    changed();
  }

  async function close(): Promise<void> {
    clearInterval(expiry);
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
    file?.close();
    deliveries.close();
  }

  // Its id has to outlive us even if nothing ever happens.
  await save();
  return {
    ...control,
    host,
    port,
    secretKey,
    setAside,
    close,
    get stateId() {
      return stateId;
    },
  };
}

async function listen(server: Server, host: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return (server.address() as AddressInfo).port;
}

/** An address that listens everywhere is reached at home. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
