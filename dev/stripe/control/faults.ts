import { newId } from '../state/ids.js';
import { invalidRequest } from '../wire/errors.js';

/** What goes wrong, and for which requests. */
export interface FaultRule {
  /** Every request where it is left out. */
  readonly match?: FaultMatch;
  /**
   * `stall`: the answer is late; `error`: an error status; `reset`: the connection is closed before
   * anything happens; `reply-lost`: everything happens and then the connection is closed.
   */
  readonly kind: 'stall' | 'error' | 'reset' | 'reply-lost';
  /** Of an `error`; default 500. */
  readonly status?: number;
  /**
   * For `stall` and `error`: the request takes effect first. An error after the effect is what Stripe
   * saves for the idempotency key and answers again; one before it is not saved.
   */
  readonly afterEffect?: boolean;
  /** How many requests it strikes; every one where it is left out. */
  readonly times?: number;
  /** Sent as `Retry-After`. */
  readonly retryAfterSeconds?: number;
  /** Default 60 seconds; clearing the faults ends it. */
  readonly stallMs?: number;
}

export interface FaultMatch {
  readonly method?: string;
  /** With a slash in front the start of a path (`/v1/refunds`), else a regular expression (`expire$`). */
  readonly path?: string;
}

export interface ActiveFault extends FaultRule {
  readonly id: string;
  /** How many requests it has struck. */
  struck: number;
}

const KINDS = ['stall', 'error', 'reset', 'reply-lost'];

/** Faults on demand: the oldest rule that matches strikes. */
export class Faults {
  #rules: ActiveFault[] = [];
  #waiters: Array<() => void> = [];
  #cleared = new AbortController();

  /** @throws StripeFailure when the rule makes no sense */
  add(rule: FaultRule): ActiveFault {
    check(rule);
    const active = { ...rule, id: newId('fault_', 12), struck: 0 };
    this.#rules.push(active);
    return active;
  }

  list(): readonly ActiveFault[] {
    return this.#rules;
  }

  /** Stalled requests go on, and whoever waits for a strike is let go. */
  clear(): void {
    this.#rules = [];
    this.#cleared.abort();
    this.#cleared = new AbortController();
    this.#wake();
  }

  /** Aborted by the next `clear`. */
  get cleared(): AbortSignal {
    return this.#cleared.signal;
  }

  /** When a fault has struck so many requests, or has been cleared. */
  async whenStruck(id: string, times = 1): Promise<void> {
    while (this.#rules.some((rule) => rule.id === id && rule.struck < times)) {
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
  }

  /** The fault that strikes this request, counted. */
  strike(method: string, path: string): ActiveFault | undefined {
    const found = this.#rules.find(
      (rule) => (rule.times === undefined || rule.struck < rule.times) && matches(rule.match, method, path),
    );
    if (found === undefined) return undefined;
    found.struck += 1;
    this.#wake();
    return found;
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resolve of waiters) resolve();
  }
}

function matches(match: FaultMatch | undefined, method: string, path: string): boolean {
  if (match?.method !== undefined && match.method.toUpperCase() !== method) return false;
  if (match?.path === undefined) return true;
  const expression = asExpression(match.path);
  return expression === undefined ? path.startsWith(match.path) : expression.test(path);
}

function asExpression(path: string): RegExp | undefined {
  return path.startsWith('/') ? undefined : new RegExp(path);
}

function check(rule: FaultRule): void {
  if (!KINDS.includes(rule.kind)) {
    throw invalidRequest(`A fault's kind is one of ${KINDS.join(', ')}, not ${String(rule.kind)}.`);
  }
  const numbers = [rule.status, rule.times, rule.retryAfterSeconds, rule.stallMs];
  if (numbers.some((number) => number !== undefined && !(Number.isFinite(number) && number >= 0))) {
    throw invalidRequest('status, times, retryAfterSeconds and stallMs are numbers from 0 up.');
  }
  if (rule.status !== undefined && (rule.status < 400 || rule.status > 599)) {
    throw invalidRequest('The status of a fault is an error status, 400 to 599.');
  }
  if (rule.match?.path !== undefined) {
    try {
      asExpression(rule.match.path);
    } catch (error) {
      throw invalidRequest(`Not a regular expression: ${rule.match.path} (${(error as Error).message})`);
    }
  }
}
