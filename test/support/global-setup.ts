import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Postgres, startPostgres } from '../../dev/postgres.js';
import { findRedisBinary } from '../../dev/redis.js';
import { makeRunDirectory } from '../../dev/run-directory.js';
import { makeTemplate, TEMPLATE_DATABASE } from '../../dev/template.js';

let running: { postgres: Postgres; directory: string } | undefined;

/**
 * Starts the PostgreSQL that all test files share, with a migrated database that theirs are copied from. What the
 * workers need to know reaches them through the environment. Jest runs this file compiled, in its own process.
 */
export default async function globalSetup(): Promise<void> {
  announceRedis();
  const directory = makeRunDirectory('boxoffice-test-');
  try {
    const postgres = await startPostgres({
      dataDirectory: join(directory, 'postgres'),
      durable: false,
      settings: { max_connections: '400' },
    });
    running = { postgres, directory };
    await makeTemplate(postgres.url);
    process.env.TEST_DIRECTORY = directory;
    process.env.TEST_POSTGRES_URL = postgres.url('postgres');
    process.env.TEST_TEMPLATE_DATABASE = TEMPLATE_DATABASE;
  } catch (error) {
    await stopPrivateServers();
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
}

export async function stopPrivateServers(): Promise<void> {
  if (!running) return;
  const { postgres, directory } = running;
  running = undefined;
  await postgres.stop();
  rmSync(directory, { recursive: true, force: true });
}

function announceRedis(): void {
  if (findRedisBinary() !== undefined) {
    process.env.TEST_REDIS = 'present';
    return;
  }
  const notice = 'There is neither redis-server nor valkey-server on PATH.';
  if (process.env.REQUIRE_REDIS === '1') throw new Error(`${notice} REQUIRE_REDIS=1 asks for one.`);
  process.env.TEST_REDIS = 'absent';
  const rule = '='.repeat(78);
  console.warn(`\n${rule}\n${notice}\nEVERYTHING THAT NEEDS REDIS IS NOT TESTED IN THIS RUN.\n${rule}\n`);
}
