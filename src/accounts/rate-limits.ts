import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { Environment } from '../env.js';
import { AppError } from '../errors.js';
import type { Metrics } from '../metrics.js';
import { networkOf } from './client-address.js';
import { LocalLimit } from './local-limit.js';

const MINUTE = 60;
const HOUR = 60 * MINUTE;

/**
 * How often in how many seconds. Those per address let a school or an office behind one address buy; those per account
 * slow guessing down. What is refused because an account exists already is rare for people, and all that whoever
 * collects addresses is after.
 */
const LIMITS = {
  'credentials:account': [10, MINUTE],
  'sign-in:address': [300, MINUTE],
  'sign-up:address': [300, MINUTE],
  'sign-up-taken:address': [10, HOUR],
  'refresh:session': [10, MINUTE],
  'refresh:address': [3_000, MINUTE],
  'purchase:buyer': [60, MINUTE],
  'purchase:address': [6_000, MINUTE],
  'checkout:session': [60, MINUTE],
  'checkout:address': [6_000, MINUTE],
} as const satisfies Record<string, readonly [points: number, seconds: number]>;

type Limit = keyof typeof LIMITS;
type Limiter = Pick<RateLimiterMemory, 'consume' | 'get'>;

/** How often somebody may do something, counted over all processes where there is Redis. */
export class RateLimits {
  private readonly limiters: ReadonlyMap<Limit, Limiter>;
  private readonly operations: LocalLimit;
  private readonly enabled: boolean;

  /** @param redis undefined where each process counts for itself */
  constructor(
    environment: Pick<Environment, 'RATE_LIMITS' | 'RATE_LIMIT_OPERATIONS'>,
    redis: Redis | undefined,
    private readonly metrics: Pick<Metrics, 'rateLimited'>,
  ) {
    this.enabled = environment.RATE_LIMITS;
    this.operations = new LocalLimit(environment.RATE_LIMIT_OPERATIONS, MINUTE * 1_000);
    const limits = Object.keys(LIMITS) as Limit[];
    this.limiters = new Map(limits.map((limit) => [limit, createLimiter(limit, redis)]));
  }

  /**
   * For anything that is asked, before anything is done for it. Each process counts for itself.
   *
   * @throws AppError RATE_LIMITED with `retryAfterMs`
   */
  operation(address: string): void {
    if (!this.enabled) return;
    const waitMs = this.operations.consume(networkOf(address));
    if (waitMs > 0) throw this.refusal('operation:address', waitMs);
  }

  /** @throws AppError RATE_LIMITED with `retryAfterMs` */
  async signIn(address: string, email: string): Promise<void> {
    await this.consume('sign-in:address', networkOf(address));
    await this.consume('credentials:account', normalized(email));
  }

  /** @throws AppError RATE_LIMITED with `retryAfterMs` */
  async signUp(address: string, email: string): Promise<void> {
    await this.consume('sign-up:address', networkOf(address));
    await this.requireLeft('sign-up-taken:address', networkOf(address));
    await this.consume('credentials:account', normalized(email));
  }

  /**
   * Whether a sign-up may be answered, once it is known with what. Many may have been let in at once: whoever comes too
   * late is refused alike, whether there is an account or not.
   *
   * @param taken whether the answer tells that there is an account, which counts
   * @throws AppError RATE_LIMITED with `retryAfterMs`
   */
  async signUpAnswer(address: string, taken: boolean): Promise<void> {
    const network = networkOf(address);
    await (taken
      ? this.consume('sign-up-taken:address', network)
      : this.requireLeft('sign-up-taken:address', network));
  }

  /** @throws AppError RATE_LIMITED with `retryAfterMs` */
  async refreshSession(address: string, token: string): Promise<void> {
    await Promise.all([
      this.consume('refresh:address', networkOf(address)),
      this.consume('refresh:session', token),
    ]);
  }

  /**
   * @param buyer the account, or the e-mail address of whoever has none
   * @throws AppError RATE_LIMITED with `retryAfterMs`
   */
  async purchase(address: string, buyer: string): Promise<void> {
    await Promise.all([
      this.consume('purchase:address', networkOf(address)),
      this.consume('purchase:buyer', normalized(buyer)),
    ]);
  }

  /**
   * For asking what became of a Checkout Session, which Stripe is asked each time.
   *
   * @throws AppError RATE_LIMITED with `retryAfterMs`
   */
  async checkout(address: string, sessionId: string): Promise<void> {
    await Promise.all([
      this.consume('checkout:address', networkOf(address)),
      this.consume('checkout:session', sessionId),
    ]);
  }

  private async consume(limit: Limit, key: string): Promise<void> {
    if (!this.enabled) return;
    try {
      await this.limiters.get(limit)?.consume(hashOf(key));
    } catch (refused) {
      if (!(refused instanceof RateLimiterRes)) throw refused;
      throw this.refusal(limit, refused.msBeforeNext);
    }
  }

  /** The same without counting. */
  private async requireLeft(limit: Limit, key: string): Promise<void> {
    if (!this.enabled) return;
    const used = await this.limiters.get(limit)?.get(hashOf(key));
    if (used && used.consumedPoints >= LIMITS[limit][0]) throw this.refusal(limit, used.msBeforeNext);
  }

  private refusal(limit: string, waitMs: number): AppError {
    this.metrics.rateLimited.inc({ limit });
    return new AppError('RATE_LIMITED', 'Too many attempts; try again later', {
      retryAfterMs: Math.max(waitMs, 1),
    });
  }
}

/**
 * While Redis is away each process counts for itself: a limit that is too loose beats none, and no sale waits for it.
 * Of whoever has used a limit up, Redis is not asked again until the limit's time is over.
 */
function createLimiter(limit: Limit, redis: Redis | undefined): Limiter {
  const [points, duration] = LIMITS[limit];
  const options = { keyPrefix: `limit:${limit}`, points, duration };
  const memory = new RateLimiterMemory(options);
  if (redis === undefined) return memory;
  return new RateLimiterRedis({
    ...options,
    storeClient: redis,
    inMemoryBlockOnConsumed: points,
    insuranceLimiter: memory,
  });
}

function normalized(email: string): string {
  return email.trim().toLowerCase();
}

/** Of any length and content a key may be; and addresses of people need not stand in Redis. */
function hashOf(key: string): string {
  return createHash('sha256').update(key).digest('base64url');
}
