import { Redis, type RedisOptions } from 'ioredis';
import type { Logger } from '../logging.js';

/**
 * A connection on which a dead or hanging Redis is noticed at once: nothing is queued while it is
 * away, and no command waits longer than `commandTimeout`.
 */
export function connectToRedis(url: string, use: string, logger: Logger, options: RedisOptions = {}): Redis {
  const connection = new Redis(url, {
    enableOfflineQueue: false,
    connectTimeout: 1_000,
    commandTimeout: 140,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => Math.min(50 * attempt, 1_000),
    connectionName: `boxoffice-${use}`,
    ...options,
  });
  let lost = false;
  connection.on('error', (error) => {
    if (!lost) logger.warn({ err: error, use }, 'The connection to Redis failed');
    lost = true;
  });
  connection.on('ready', () => {
    if (lost) logger.info({ use }, 'The connection to Redis is back');
    lost = false;
  });
  return connection;
}
