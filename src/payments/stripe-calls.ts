import Stripe from 'stripe';
import { AppError } from '../errors.js';
import type { Logger } from '../logging.js';
import type { Metrics } from '../metrics.js';
import { stripeContext } from './stripe-context.js';
import { StripeNotAskedError, type StripePace } from './stripe-pace.js';

/** Milliseconds: one attempt; and all attempts together, which leaves time to answer within 15 s. */
const ATTEMPT_MS = 10_000;
const DEADLINE_MS = 12_000;
const LONGEST_PAUSE_MS = 2_000;
/** Whoever is limited has cost Stripe nothing, and may knock more often than whoever met a failure. */
const MOST_ATTEMPTS = { limited: 8, failed: 3 } as const;
/** Less than this is not worth beginning with. */
const SHORTEST_ATTEMPT_MS = ATTEMPT_MS / 4;

/** Runs calls to Stripe at the pace and within the deadline, and tells an outage from a refusal. */
export class StripeCalls {
  constructor(
    private readonly pace: StripePace,
    private readonly metrics: Metrics,
    private readonly logger: Logger,
  ) {}

  /**
   * Repeats what Stripe says may be repeated: 409 (a call with the same idempotency key is still
   * running), 429 and 5xx, with jitter. Everything repeated must therefore carry an idempotency
   * key, or change nothing. (Source: docs.stripe.com/error-low-level.)
   *
   * @throws AppError PAYMENT_PROVIDER_UNAVAILABLE, with `retryAfterMs`, when there was no answer; it is a
   * StripeNotAskedError where nothing was sent
   * @throws Stripe.errors.StripeError when Stripe answered and refused
   */
  async run<Result>(
    name: string,
    call: (options: Stripe.RequestOptions) => Promise<Result>,
  ): Promise<Result> {
    const { priority, deadline: given } = stripeContext();
    const deadline = Math.min(given, Date.now() + DEADLINE_MS);
    let failure: unknown;
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.pace.turn(priority, deadline - SHORTEST_ATTEMPT_MS);
        const timeout = Math.min(ATTEMPT_MS, Math.max(deadline - Date.now(), 1));
        return await this.measured(() => answerWithin(timeout, call({ timeout })));
      } catch (error) {
        if (error instanceof StripeNotAskedError) {
          throw failure === undefined ? error : this.translated(name, failure);
        }
        failure = error;
        const wait = pauseBeforeRepeating(error, attempt);
        if (wait === undefined || Date.now() + wait >= deadline - SHORTEST_ATTEMPT_MS) {
          throw this.translated(name, error);
        }
        await new Promise((resolve) => setTimeout(resolve, wait));
      }
    }
  }

  private async measured<Result>(call: () => Promise<Result>): Promise<Result> {
    const stop = this.metrics.stripeRequests.startTimer();
    try {
      const result = await call();
      stop({ outcome: 'success' });
      return result;
    } catch (error) {
      stop({ outcome: isOutage(error) ? 'unavailable' : 'refused' });
      throw error;
    }
  }

  private translated(name: string, error: unknown): unknown {
    if (!isOutage(error)) {
      this.logger.warn({ err: error, call: name }, 'Stripe refused a call');
      return error;
    }
    this.logger.error({ err: error, call: name }, 'Stripe did not answer a call');
    return providerUnavailable({ retryAfterMs: retryAfterMs(error) ?? 5_000 }, error);
  }
}

/** What a buyer is told who may try again in so many milliseconds. */
export function providerUnavailable(advice: { retryAfterMs: number }, cause?: unknown): AppError {
  return new AppError(
    'PAYMENT_PROVIDER_UNAVAILABLE',
    'The payment provider cannot be reached right now; try again shortly',
    advice,
    { cause },
  );
}

/** Whether the session, account or payment that was asked for does not exist at Stripe. */
export function isMissingAtStripe(error: unknown): boolean {
  return error instanceof Stripe.errors.StripeInvalidRequestError && error.code === 'resource_missing';
}

/**
 * Whether Stripe failed at this idempotency key before and has kept that: it will never answer anything else, and
 * what the first request has done is not known (docs.stripe.com/api/idempotent_requests).
 */
export function isReplayedFailure(error: unknown): boolean {
  const failure = error instanceof AppError ? error.cause : error;
  return (
    failure instanceof Stripe.errors.StripeError &&
    (failure.statusCode ?? 0) >= 500 &&
    failure.headers?.['idempotent-replayed'] === 'true'
  );
}

/**
 * The library's own timeout begins when there is a connection, and anew with everything that comes on it: neither a
 * provider that cannot be connected to nor one that answers drop by drop would ever reach it.
 */
async function answerWithin<Result>(timeoutMs: number, answer: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const tooLate = {
      type: 'api_error',
      message: `No answer before the timeout of ${timeoutMs} ms`,
    } as const;
    timer = setTimeout(() => reject(new Stripe.errors.StripeConnectionError(tooLate)), timeoutMs);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

function isOutage(error: unknown): boolean {
  if (!(error instanceof Stripe.errors.StripeError)) return false;
  if (error instanceof Stripe.errors.StripeConnectionError) return true;
  const status = error.statusCode ?? 0;
  return status === 409 || status === 429 || status >= 500;
}

/** @returns milliseconds, or undefined where repeating is of no use: a timeout has spent the time */
function pauseBeforeRepeating(error: unknown, attempt: number): number | undefined {
  if (!isOutage(error) || isReplayedFailure(error)) return undefined;
  const limited = error instanceof Stripe.errors.StripeRateLimitError;
  if (attempt >= MOST_ATTEMPTS[limited ? 'limited' : 'failed']) return undefined;
  const timedOut =
    error instanceof Stripe.errors.StripeConnectionError &&
    /timeout|ETIMEDOUT/i.test(String(error.detail ?? error.message));
  if (timedOut) return undefined;
  const advised = retryAfterMs(error);
  if (advised !== undefined) return advised <= LONGEST_PAUSE_MS ? advised : undefined;
  return Math.min(100 * 2 ** attempt, LONGEST_PAUSE_MS) * (0.5 + Math.random());
}

/** Stripe's `Retry-After`, given in seconds. */
function retryAfterMs(error: unknown): number | undefined {
  if (!(error instanceof Stripe.errors.StripeError)) return undefined;
  const seconds = Number(error.headers?.['retry-after']);
  return Number.isFinite(seconds) && seconds > 0 ? Math.round(seconds * 1000) : undefined;
}
