import type { FormObject } from '../wire/form.js';

/** One API request as it arrived, and what became of it. */
export interface LoggedRequest {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
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

export interface RequestFilter {
  readonly method?: string | undefined;
  /** The start of the path. */
  readonly path?: string | undefined;
}

const KEPT = 20_000;

export class RequestLog {
  #requests: LoggedRequest[] = [];
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

  clear(): void {
    this.#requests = [];
  }
}
