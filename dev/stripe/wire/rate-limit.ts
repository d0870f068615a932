/** Requests a second (https://docs.stripe.com/rate-limits: 100 in live mode and 25 in a sandbox, 25 per endpoint). */
export interface RateLimits {
  /** Of all requests together. */
  readonly perSecond: number;
  /** Of each endpoint, whichever object it is about; no more than the whole unless given. */
  readonly perEndpoint?: number;
}

/** What Stripe puts into `Stripe-Rate-Limited-Reason`. */
export type RateLimitReason = 'global-rate' | 'endpoint-rate';

/**
 * Token buckets that hold one second's worth (https://stripe.com/blog/rate-limiters): a request that is refused takes
 * nothing from them.
 */
export class RateLimiter {
  readonly #all: Bucket;
  readonly #byEndpoint = new Map<string, Bucket>();

  constructor(private readonly limits: RateLimits) {
    for (const limit of [limits.perSecond, limits.perEndpoint ?? 1]) {
      if (!(limit > 0)) throw new Error(`A rate limit is a number above 0, not ${limit}.`);
    }
    this.#all = new Bucket(limits.perSecond);
  }

  /** @returns why this request is refused; undefined if it is not */
  refusal(endpoint: string): RateLimitReason | undefined {
    const own = this.#bucketOf(endpoint);
    if (own !== undefined && !own.hasOne()) return 'endpoint-rate';
    if (!this.#all.hasOne()) return 'global-rate';
    own?.take();
    this.#all.take();
    return undefined;
  }

  #bucketOf(endpoint: string): Bucket | undefined {
    const { perEndpoint } = this.limits;
    if (perEndpoint === undefined) return undefined;
    const found = this.#byEndpoint.get(endpoint) ?? new Bucket(perEndpoint);
    this.#byEndpoint.set(endpoint, found);
    return found;
  }
}

class Bucket {
  readonly #most: number;
  #tokens: number;
  #filledAt = performance.now();

  constructor(private readonly perSecond: number) {
    this.#most = Math.max(1, perSecond);
    this.#tokens = this.#most;
  }

  hasOne(): boolean {
    const now = performance.now();
    this.#tokens = Math.min(this.#most, this.#tokens + ((now - this.#filledAt) / 1_000) * this.perSecond);
    this.#filledAt = now;
    return this.#tokens >= 1;
  }

  take(): void {
    this.#tokens -= 1;
  }
}
