import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Postgres, startPostgres } from '../../dev/postgres.js';
import { isAlive } from '../../dev/processes.js';
import { findRedisBinary } from '../../dev/redis.js';
import { makeTemplate, TEMPLATE_DATABASE } from '../../dev/template.js';

const PREFIX = 'boxoffice-test-';

let running: { postgres: Postgres; directory: string } | undefined;

/**
 * Starts the PostgreSQL that all test files share, with a migrated database that theirs are copied from. What the
 * workers need to know reaches them through the environment. Jest runs this file compiled, in its own process.
 */
export default async function globalSetup(): Promise<void> {
  announceRedis();
  removeLeftovers();
  const directory = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`));
  // PostgreSQL may have to run as an account other than ours.
  chmodSync(directory, 0o711);
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

/** Directories of test runs that were killed before they could clean up. */
function removeLeftovers(): void {
  for (const name of readdirSync(tmpdir())) {
    const owner = name.startsWith(PREFIX) ? Number.parseInt(name.slice(PREFIX.length), 10) : Number.NaN;
    if (Number.isNaN(owner) || isAlive(owner)) continue;
    try {
      rmSync(join(tmpdir(), name), { recursive: true, force: true });
    } catch {
      // It belongs to another account.
    }
  }
}
