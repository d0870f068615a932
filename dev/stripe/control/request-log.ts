import type { FormObject } from '../wire/form.js';

/** One API request as it arrived, and what became of it. */
export interface LoggedRequest {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** The path with `:id` for each id; null for what is not part of the API. */
  readonly endpoint: string | null;
  params: FormObject;
  readonly idempotencyKey: string | null;
  readonly stripeAccount: string | null;
  readonly stripeVersion: string | null;
  /** Null while it runs, and where the connection was closed instead of an answer. */
  status: number | null;
  /** Answered with the saved result of an earlier request. */
  replayed: boolean;
  /** The kind of fault that struck it. */
  fault: string | null;
}

/** How often an endpoint gave an answer of one kind. */
export interface RequestCount {
  readonly method: string;
  readonly endpoint: string | null;
  /** Null where the connection was closed instead of an answer. */
  readonly status: number | null;
  readonly count: number;
}

export interface RequestFilter {
  readonly method?: string | undefined;
  /** The start of the path. */
  readonly path?: string | undefined;
}

const KEPT = 20_000;

export class RequestLog {
  #requests: LoggedRequest[] = [];
  readonly #counts = new Map<string, RequestCount>();
  #running = 0;
  #idleWaiters: Array<() => void> = [];

  /** A request is being worked on until `end`. */
  begin(): void {
    this.#running += 1;
  }

  end(): void {
    this.#running -= 1;
    if (this.#running > 0) return;
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const resolve of waiters) resolve();
  }

  /** When no request is being worked on, those included whose client has gone. */
  async idle(): Promise<void> {
    if (this.#running === 0) return;
    await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
  }

  add(request: LoggedRequest): LoggedRequest {
    this.#requests.push(request);
    if (this.#requests.length > KEPT) this.#requests.splice(0, KEPT / 2);
    return request;
  }

  /** Oldest first. */
  find(filter: RequestFilter = {}): LoggedRequest[] {
    return this.#requests.filter(
      (request) =>
        (filter.method === undefined || request.method === filter.method.toUpperCase()) &&
        (filter.path === undefined || request.path.startsWith(filter.path)),
    );
  }

  /** Once per request, when it has been answered or closed. */
  count({ method, endpoint, status }: LoggedRequest): void {
    const key = `${method} ${endpoint} ${status}`;
    const count = (this.#counts.get(key)?.count ?? 0) + 1;
    this.#counts.set(key, { method, endpoint, status, count });
  }

  /** Of all requests, also of those no longer kept. */
  counts(): RequestCount[] {
    return [...this.#counts.values()];
  }

  clear(): void {
    this.#requests = [];
    this.#counts.clear();
  }
}
