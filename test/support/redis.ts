import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { type Redis, startRedis } from '../../dev/redis.js';
import { fromSetup } from './run.js';

/**
 * A Redis for this test alone. Its port stays the same if it is started again on it after `kill()`.
 *
 * @throws when there is none on this machine: ask `hasRedis` first.
 */
export async function startTestRedis(port?: number): Promise<Redis> {
  const directory = mkdtempSync(join(fromSetup('TEST_DIRECTORY'), 'redis-'));
  return await startRedis({ directory, port });
}
