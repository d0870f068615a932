import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { AppError } from '../errors.js';

const MINUTE = 60;

/**
 * Points a minute. Those per address let a school or an office behind one address buy; those per
 * account slow guessing down.
 */
const LIMITS = {
  'sign-in:account': 10,
  'sign-in:address': 300,
  'sign-up:address': 300,
  'purchase:buyer': 60,
  'purchase:address': 6_000,
  'checkout:session': 60,
  'checkout:address': 6_000,
} as const;

type Limit = keyof typeof LIMITS;
type Limiter = Pick<RateLimiterMemory, 'consume'>;

/** How often somebody may do something, counted over all processes where there is Redis. */
export class RateLimits {
  private readonly limiters: ReadonlyMap<Limit, Limiter>;

  /** @param redis undefined where each process counts for itself */
  constructor(
    private readonly enabled: boolean,
    redis: Redis | undefined,
  ) {
    const limits = Object.entries(LIMITS) as [Limit, number][];
    this.limiters = new Map(limits.map(([limit, points]) => [limit, createLimiter(limit, points, redis)]));
  }

  /** @throws AppError RATE_LIMITED with `retryAfterMs` */
  async signIn(address: string, email: string): Promise<void> {
    await this.consume('sign-in:address', address);
    await this.consume('sign-in:account', email.trim().toLowerCase());
  }

  /** @throws AppError RATE_LIMITED with `retryAfterMs` */
  async signUp(address: string): Promise<void> {
    await this.consume('sign-up:address', address);
  }

  /** @throws AppError RATE_LIMITED with `retryAfterMs` */
  async purchase(address: string, email: string): Promise<void> {
    await Promise.all([
      this.consume('purchase:address', address),
      this.consume('purchase:buyer', email.trim().toLowerCase()),
    ]);
  }

  /**
   * For asking what became of a Checkout Session, which Stripe is asked each time.
   *
   * @throws AppError RATE_LIMITED with `retryAfterMs`
   */
  async checkout(address: string, sessionId: string): Promise<void> {
    await Promise.all([
      this.consume('checkout:address', address),
      this.consume('checkout:session', sessionId),
    ]);
  }

  private async consume(limit: Limit, key: string): Promise<void> {
    if (!this.enabled) return;
    try {
      await this.limiters.get(limit)?.consume(hashOf(key));
    } catch (refused) {
      if (!(refused instanceof RateLimiterRes)) throw refused;
      throw new AppError('RATE_LIMITED', 'Too many attempts; try again later', {
        retryAfterMs: Math.max(refused.msBeforeNext, 1),
      });
    }
  }
}

/** While Redis is away each process counts for itself: a limit that is too loose beats none. */
function createLimiter(limit: Limit, points: number, redis: Redis | undefined): Limiter {
  const keyPrefix = `limit:${limit}`;
  const memory = new RateLimiterMemory({ keyPrefix, points, duration: MINUTE });
  if (redis === undefined) return memory;
  return new RateLimiterRedis({
    storeClient: redis,
    keyPrefix,
    points,
    duration: MINUTE,
    insuranceLimiter: memory,
  });
}

/** Of any length and content a key may be; and addresses of people need not stand in Redis. */
function hashOf(key: string): string {
  return createHash('sha256').update(key).digest('base64url');
}
