import { randomBytes } from 'node:crypto';
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { LogTail } from '../log-tail.js';
import { isAlive } from '../processes.js';
import { supervise } from '../supervise.js';
import type { Account } from './account.js';
import type { PostgresBinaries } from './binaries.js';
import { removeBusy } from './remove.js';

export const SUPERUSER = 'postgres';

/** A directory of ours: the cluster itself and, beside it, the password of its superuser. */
export interface Cluster {
  /** What PostgreSQL calls PGDATA. */
  readonly directory: string;
  readonly password: string;
}

export function hasCluster(place: string): boolean {
  return existsSync(join(place, 'cluster', 'PG_VERSION'));
}

export function openCluster(place: string): Cluster {
  return {
    directory: join(place, 'cluster'),
    password: readFileSync(join(place, 'password'), 'utf8').trim(),
  };
}

/**
 * Makes a cluster at `place`, which must not exist or be empty. It is built beside it and renamed at the end, so
 * that an interrupted attempt is never taken for a cluster.
 */
export async function createCluster(
  place: string,
  binaries: PostgresBinaries,
  account: Account | undefined,
  durable: boolean,
): Promise<void> {
  await removeAbandoned(place);
  const staging = `${place}.new-${process.pid}`;
  mkdirSync(staging, { mode: 0o700 });
  const password = join(staging, 'password');
  writeFileSync(password, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 });
  if (account) for (const path of [staging, password]) chownSync(path, account.uid, account.gid);
  await runInitdb(join(staging, 'cluster'), password, binaries, account, durable);
  renameSync(staging, place);
}

async function runInitdb(
  directory: string,
  password: string,
  binaries: PostgresBinaries,
  account: Account | undefined,
  durable: boolean,
): Promise<void> {
  const tail = new LogTail();
  const initdb = await supervise({
    command: binaries.initdb,
    args: [
      `--pgdata=${directory}`,
      `--username=${SUPERUSER}`,
      `--pwfile=${password}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      // The server's own Unicode rules: the same on every system, whichever locales it has installed.
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--no-instructions',
      ...(durable ? [] : ['--no-sync']),
    ],
    ...account,
    cwd: '/',
    env: serverEnvironment(),
    onLine: (line) => tail.push(line),
    orphanGraceSeconds: 2,
  });
  const { code, signal } = await initdb.closed;
  if (code !== 0) throw new Error(`initdb ended with ${signal ?? `code ${code}`}:\n${tail}`);
}

/** None of the caller's PG... variables: they would change what is started, and where. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  const { PATH, LD_LIBRARY_PATH, TMPDIR } = process.env;
  return {
    PATH,
    LC_ALL: 'C',
    TZ: 'UTC',
    ...(LD_LIBRARY_PATH && { LD_LIBRARY_PATH }),
    ...(TMPDIR && { TMPDIR }),
  };
}

/** What attempts left behind whose process no longer exists. */
async function removeAbandoned(place: string): Promise<void> {
  const prefix = `${basename(place)}.new-`;
  for (const name of readdirSync(dirname(place))) {
    if (!name.startsWith(prefix)) continue;
    const owner = Number(name.slice(prefix.length));
    if (owner !== process.pid && isAlive(owner)) continue;
    const path = join(dirname(place), name);
    await removeBusy(path);
  }
}
