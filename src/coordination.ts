import type { Redis } from 'ioredis';
import type { Environment } from './env.js';
import {
  connectToRedis,
  type EventBus,
  InProcessEventBus,
  InProcessTicketLocks,
  RedisEventBus,
  RedlockTicketLocks,
  type TicketLocks,
} from './inventory/index.js';
import type { Logger } from './logging.js';
import type { Metrics } from './metrics.js';

/** What several processes agree through. */
export interface Coordination {
  readonly locks: TicketLocks;
  readonly events: EventBus;
  /** For counting attempts; undefined where each process counts for itself. */
  readonly counting: Redis | undefined;
}

/** Redis where there is one; else within this process, which must then be the only one. */
export function createCoordination(environment: Environment, metrics: Metrics, logger: Logger): Coordination {
  const { REDIS_URL, REDLOCK_URLS, LOCK_TTL_MS, LOCK_WAIT_MS } = environment;
  const queue = new InProcessTicketLocks(LOCK_WAIT_MS, metrics);
  if (REDIS_URL === undefined) {
    logger.warn('No REDIS_URL: locks and events live in this process, so run only one');
    return { locks: queue, events: new InProcessEventBus(), counting: undefined };
  }
  const nodes = REDLOCK_URLS.map((url) => connectToRedis(url, 'locks', logger));
  const limits = { ttlMs: LOCK_TTL_MS, waitMs: LOCK_WAIT_MS };
  const publisher = connectToRedis(REDIS_URL, 'publisher', logger);
  const subscriber = connectToRedis(REDIS_URL, 'subscriber', logger, { autoResubscribe: false });
  const events = new RedisEventBus(publisher, subscriber, metrics, logger);
  return {
    locks: new RedlockTicketLocks(nodes, queue, limits, events, metrics, logger),
    events,
    counting: connectToRedis(REDIS_URL, 'rate-limits', logger),
  };
}
