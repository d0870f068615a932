import type { IncomingMessage, ServerResponse } from 'node:http';
import Stripe from 'stripe';
import type { ActiveFault, Faults } from '../control/faults.js';
import type { LoggedRequest, RequestLog } from '../control/request-log.js';
import { mustFindAccount } from '../resources/account-rules.js';
import { newId } from '../state/ids.js';
import type { World } from '../state/world.js';
import { authenticate } from './authentication.js';
import type { Target } from './endpoint.js';
import { type ErrorBody, invalidRequest, StripeFailure, unknownUrl } from './errors.js';
import { holdBack, readBody, sendJson } from './exchange.js';
import { expanded } from './expand.js';
import { decodeForm, type FormObject } from './form.js';
import type { IdempotencyKeys, SavedResult } from './idempotency.js';
import type { RateLimiter, RateLimitReason } from './rate-limit.js';
import type { Match, Router } from './router.js';

const STALL_MS = 60_000;

interface Parts {
  readonly world: World;
  readonly router: Router;
  readonly keys: IdempotencyKeys;
  readonly faults: Faults;
  readonly requests: RequestLog;
  readonly rateLimiter: RateLimiter | undefined;
  readonly log: (line: string) => void;
  /** Saves what a request has changed. */
  readonly save: () => Promise<void>;
}

interface Answer extends SavedResult {
  readonly replayed?: boolean;
  readonly fault?: ActiveFault | undefined;
  readonly limited?: RateLimitReason;
}

/** A connection to be closed without an answer. */
const CLOSE = Symbol('close the connection');

/** `/v1`: what a request goes through, in the order it does at Stripe. */
export class Api {
  constructor(private readonly parts: Parts) {}

  async handle(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    this.parts.requests.begin();
    try {
      await this.#respond(request, response, url);
    } finally {
      this.parts.requests.end();
    }
  }

  async #respond(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const logged = this.#note(request, url);
    let answer: Answer | typeof CLOSE;
    try {
      answer = await this.#answer(request, response, logged, url);
    } catch (error) {
      answer = { ...this.#failure(error, logged.id), requestId: logged.id };
    }
    if (logged.method !== 'GET') await this.parts.save();
    if (answer === CLOSE || response.destroyed) {
      this.parts.requests.count(logged);
      response.destroy();
      return;
    }
    logged.status = answer.status;
    logged.replayed = answer.replayed ?? false;
    this.parts.requests.count(logged);
    sendJson(response, answer.status, answer.body, headersOf(logged, answer));
  }

  #note(request: IncomingMessage, url: URL): LoggedRequest {
    const method = request.method ?? 'GET';
    return this.parts.requests.add({
      id: newId('req_', 14),
      at: Date.now(),
      method,
      path: url.pathname,
      endpoint: this.parts.router.find(method, url.pathname)?.endpoint.path ?? null,
      params: {},
      idempotencyKey: header(request, 'idempotency-key'),
      stripeAccount: header(request, 'stripe-account') ?? header(request, 'stripe-context'),
      stripeVersion: header(request, 'stripe-version'),
      status: null,
      replayed: false,
      fault: null,
    });
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    logged: LoggedRequest,
    url: URL,
  ): Promise<Answer | typeof CLOSE> {
    const { faults, router } = this.parts;
    logged.params = decodeForm(logged.method === 'POST' ? await readBody(request) : url.search.slice(1));
    authenticate(request.headers.authorization, this.parts.world.secretKey);
    const limited = this.parts.rateLimiter?.refusal(`${logged.method} ${logged.endpoint}`);
    if (limited !== undefined) return { ...this.#asResult(RATE_LIMITED, 429, logged.id), limited };
    const fault = faults.strike(logged.method, logged.path);
    logged.fault = fault?.kind ?? null;
    if (fault?.kind === 'reset') return CLOSE;
    if (fault?.kind === 'error' && fault.afterEffect !== true) {
      return { ...this.#asResult(faultBody(fault), fault.status ?? 500, logged.id), fault };
    }
    const match = router.find(logged.method, url.pathname);
    if (match === undefined) throw unknownUrl(logged.method, url.pathname);
    const target = this.#target(match, logged.stripeAccount);
    const key = logged.method === 'POST' ? logged.idempotencyKey : null;
    if (key === null) return this.#perform(response, logged, match, target, fault, () => {});
    const saved = this.parts.keys.begin(key, logged.method, logged.path, logged.params);
    if (saved !== undefined) return { ...saved, replayed: true };
    try {
      return await this.#perform(response, logged, match, target, fault, (result) =>
        this.parts.keys.save(key, result),
      );
    } finally {
      this.parts.keys.release(key);
    }
  }

  async #perform(
    response: ServerResponse,
    logged: LoggedRequest,
    match: Match,
    target: Target,
    fault: ActiveFault | undefined,
    save: (result: SavedResult) => void,
  ): Promise<Answer | typeof CLOSE> {
    const stall = fault?.kind === 'stall' ? (fault.stallMs ?? STALL_MS) : 0;
    const late = fault?.afterEffect === true;
    if (stall > 0 && !late && !(await this.#stall(response, stall))) return CLOSE;
    const work = match.endpoint.prepare(this.parts.world, target, logged.params);
    const done = this.#execute(work, logged);
    const result =
      fault?.kind === 'error' ? this.#asResult(faultBody(fault), fault.status ?? 500, logged.id) : done;
    save(result);
    if (fault?.kind === 'reply-lost') return CLOSE;
    if (stall > 0 && late && !(await this.#stall(response, stall))) return CLOSE;
    return { ...result, fault };
  }

  #stall(response: ServerResponse, milliseconds: number): Promise<boolean> {
    return holdBack(response, milliseconds, this.parts.faults.cleared);
  }

  #execute(work: () => object, logged: LoggedRequest): SavedResult {
    const { world } = this.parts;
    const cause = { requestId: logged.id, idempotencyKey: logged.idempotencyKey };
    try {
      const result = world.events.causedBy(cause, work);
      const body = expanded(world.store, result, readExpand(logged.params));
      return { status: 200, body: JSON.stringify(body, null, 2), requestId: logged.id };
    } catch (error) {
      return { ...this.#failure(error, logged.id), requestId: logged.id };
    }
  }

  #target({ endpoint, ids }: Match, account: string | null): Target {
    if (account === null) return { ids, account };
    if (!endpoint.forAccounts) {
      throw invalidRequest(
        'The local Stripe keeps no objects for connected accounts here: send this request without Stripe-Account.',
        { status: 403 },
      );
    }
    return { ids, account: mustFindAccount(this.parts.world, account).id };
  }

  #failure(error: unknown, requestId: string): { status: number; body: string } {
    if (error instanceof StripeFailure) return this.#asResult(error.body, error.status, requestId);
    this.parts.log(error instanceof Error ? (error.stack ?? error.message) : String(error));
    const body: ErrorBody = { type: 'api_error', message: `The local Stripe failed: ${String(error)}` };
    return this.#asResult(body, 500, requestId);
  }

  #asResult(error: ErrorBody, status: number, requestId: string): SavedResult {
    const logUrl = `${this.parts.world.publicUrl}/requests#${requestId}`;
    const body = JSON.stringify({ error: { ...error, request_log_url: logUrl } }, null, 2);
    return { status, body, requestId };
  }
}

function readExpand(form: FormObject): string[] {
  const expand = form.expand;
  if (typeof expand !== 'object') return [];
  return Object.values(expand).filter((path) => typeof path === 'string');
}

function header(request: IncomingMessage, name: string): string | null {
  const value = request.headers[name];
  return typeof value === 'string' && value !== '' ? value : null;
}

function headersOf(logged: LoggedRequest, answer: Answer): Record<string, string> {
  const { fault } = answer;
  return {
    'Request-Id': logged.id,
    'Stripe-Version': logged.stripeVersion ?? Stripe.API_VERSION,
    ...(logged.stripeAccount === null ? {} : { 'Stripe-Account': logged.stripeAccount }),
    ...(logged.idempotencyKey === null ? {} : { 'Idempotency-Key': logged.idempotencyKey }),
    ...(answer.replayed === true
      ? { 'Idempotent-Replayed': 'true', 'Original-Request': answer.requestId }
      : {}),
    ...(fault?.retryAfterSeconds === undefined ? {} : { 'Retry-After': String(fault.retryAfterSeconds) }),
    ...(answer.status === 429 ? { 'Stripe-Rate-Limited-Reason': answer.limited ?? 'global-rate' } : {}),
    // A saved 500 would only be answered again (https://docs.stripe.com/error-low-level#server-errors).
    ...(answer.status >= 500 && (answer.replayed === true || fault?.afterEffect === true)
      ? { 'Stripe-Should-Retry': 'false' }
      : {}),
  };
}

const RATE_LIMITED: ErrorBody = {
  type: 'invalid_request_error',
  code: 'rate_limit',
  message:
    'Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits.',
};

function faultBody(fault: ActiveFault): ErrorBody {
  const status = fault.status ?? 500;
  if (status === 429) return RATE_LIMITED;
  if (status >= 500) return { type: 'api_error', message: 'An unknown error occurred' };
  return { type: 'invalid_request_error', message: 'This request was refused by a fault on demand.' };
}
