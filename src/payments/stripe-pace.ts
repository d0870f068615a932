import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { AppError } from '../errors.js';
import type { Metrics } from '../metrics.js';
import type { StripePriority } from './stripe-context.js';

/** However many buyers wait, one turn of so many is for the background: holds must end, refunds must go out. */
const BACKGROUND_EVERY = 10;
/** How long requests are counted without Redis after it has failed, in milliseconds. */
const WITHOUT_REDIS_MS = 1_000;

/** Stripe was not asked, since it would have been too late by the time that it may be: nothing can exist there. */
export class StripeNotAskedError extends AppError {
  constructor(retryAfterMs: number) {
    super(
      'PAYMENT_PROVIDER_UNAVAILABLE',
      'Too many buyers are on their way to the payment provider; try again shortly',
      { retryAfterMs },
    );
  }
}

interface Waiting {
  readonly since: number;
  /** When it is too late for a turn, in milliseconds since the epoch. */
  readonly until: number;
  go(): void;
  giveUp(error: StripeNotAskedError): void;
}

/**
 * Keeps all requests to Stripe below a rate, first come, first served, buyers before the background. The rate is of
 * the whole installation where there is Redis, else of this process.
 */
export class StripePace {
  private readonly waiting: Readonly<Record<StripePriority, Waiting[]>> = { buyer: [], background: [] };
  /** Spreads requests over the second, so that Stripe never sees all of them at its beginning. */
  private readonly even: RateLimiterMemory | undefined;
  private readonly shared: RateLimiterRedis | undefined;
  private withoutRedisUntil = 0;
  private serving = false;
  private turns = 0;
  /** What this process gets of the rate, as far as it is known. */
  private readonly share = { perSecond: 0, given: 0, since: 0 };

  /**
   * @param perSecond undefined for no limit
   * @param redis undefined where this process counts for itself
   */
  constructor(
    private readonly perSecond: number | undefined,
    redis: Redis | undefined,
    private readonly metrics: Metrics,
  ) {
    if (perSecond === undefined) return;
    const points = Math.ceil(perSecond / 10);
    this.even = new RateLimiterMemory({ points, duration: points / perSecond });
    this.share.perSecond = perSecond;
    if (redis === undefined) return;
    this.shared = new RateLimiterRedis({
      storeClient: redis,
      keyPrefix: 'limit:stripe',
      points: perSecond,
      duration: 1,
    });
  }

  /**
   * Returns when a request may be sent.
   *
   * @param until when it is too late for it, in milliseconds since the epoch
   * @throws StripeNotAskedError as soon as it is known that it would be, with `retryAfterMs`
   */
  async turn(priority: StripePriority, until: number): Promise<void> {
    if (this.perSecond === undefined) return;
    const expected = this.expectedWait(priority);
    if (Date.now() + expected > until) throw this.refusal(priority, expected);
    await new Promise<void>((go, giveUp) => {
      this.waiting[priority].push({ since: Date.now(), until, go, giveUp });
      this.metrics.stripeWaiting.inc({ priority });
      if (!this.serving) void this.serve();
    });
  }

  private expectedWait(priority: StripePriority): number {
    const { buyer, background } = this.waiting;
    const ahead = buyer.length + (priority === 'background' ? background.length : 0);
    return (ahead / this.share.perSecond) * 1_000;
  }

  private async serve(): Promise<void> {
    this.serving = true;
    try {
      while (this.waiting.buyer.length + this.waiting.background.length > 0) {
        const pauseMs = await this.take();
        this.dismissLate();
        if (pauseMs > 0) await delay(pauseMs);
        else this.next();
      }
    } finally {
      this.serving = false;
    }
  }

  /** @returns 0 when one request may be sent; else after how many milliseconds to ask again */
  private async take(): Promise<number> {
    const alone = await consume(this.even);
    if (alone > 0) return alone;
    if (this.shared === undefined || Date.now() < this.withoutRedisUntil) return 0;
    try {
      const together = await consume(this.shared);
      this.learnShare(together > 0);
      // Other processes wait for the same instant.
      return together === 0 ? 0 : together + Math.random() * 20;
    } catch {
      this.withoutRedisUntil = Date.now() + WITHOUT_REDIS_MS;
      return 0;
    }
  }

  /** Once all processes together have used the rate up, what this one got of it is what its buyers can count on. */
  private learnShare(usedUp: boolean): void {
    const { share } = this;
    if (!usedUp) share.given += 1;
    if (Date.now() - share.since < 1_000) return;
    share.perSecond = usedUp ? Math.max(share.given, 1) : (this.perSecond ?? 1);
    share.given = 0;
    share.since = Date.now();
  }

  private next(): void {
    this.turns += 1;
    const first: StripePriority = this.turns % BACKGROUND_EVERY === 0 ? 'background' : 'buyer';
    const second: StripePriority = first === 'buyer' ? 'background' : 'buyer';
    const priority = this.waiting[first].length > 0 ? first : second;
    const waiting = this.waiting[priority].shift();
    if (waiting === undefined) return;
    this.leave(priority, waiting);
    waiting.go();
  }

  private dismissLate(): void {
    for (const priority of ['buyer', 'background'] as const) {
      const queue = this.waiting[priority];
      const late = queue.filter(({ until }) => until <= Date.now());
      if (late.length === 0) continue;
      queue.splice(0, queue.length, ...queue.filter((one) => !late.includes(one)));
      for (const one of late) {
        this.leave(priority, one);
        one.giveUp(this.refusal(priority, this.expectedWait(priority)));
      }
    }
  }

  private leave(priority: StripePriority, { since }: Waiting): void {
    this.metrics.stripeWaiting.dec({ priority });
    this.metrics.stripeWait.observe({ priority }, (Date.now() - since) / 1_000);
  }

  private refusal(priority: StripePriority, expectedMs: number): StripeNotAskedError {
    this.metrics.stripeNotAsked.inc({ priority });
    return new StripeNotAskedError(Math.max(Math.ceil(expectedMs), 1_000));
  }
}

/** @returns 0 when a point was had; else in how many milliseconds there is one */
async function consume(limiter: Pick<RateLimiterMemory, 'consume'> | undefined): Promise<number> {
  try {
    await limiter?.consume('requests');
    return 0;
  } catch (refused) {
    if (refused instanceof RateLimiterRes) return Math.max(refused.msBeforeNext, 1);
    throw refused;
  }
}
