import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '../../dev/paths.js';
import type { Database } from './stack.js';

const run = promisify(execFile);

const DEBIAN = '/usr/lib/postgresql';
const SCRIPTS = join(projectRoot, 'bench', 'references', 'pgbench');

export interface PgbenchResult {
  /** Transactions a second, without the time that connecting took. */
  readonly rate: number;
}

/** PostgreSQL's own load generator, which the package that runs PostgreSQL for us does not have. */
export interface Pgbench {
  readonly version: string;
  /** Makes the tables that `hot` and `spread` work on. */
  prepare(database: Database): Promise<void>;
  /** @param script of bench/references/pgbench, by its name */
  run(database: Database, script: string, clients: number, seconds: number): Promise<PgbenchResult>;
}

/** The one on PATH, or where Debian puts it; undefined if there is none. */
export async function findPgbench(): Promise<Pgbench | undefined> {
  for (const command of ['pgbench', ...debianPaths()]) {
    try {
      const { stdout } = await run(command, ['--version']);
      return { version: stdout.trim(), prepare, run: (...job) => runScript(command, ...job) };
    } catch {
      // Not this one.
    }
  }
  return undefined;
}

function debianPaths(): string[] {
  try {
    const versions = readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a));
    return versions.map((version) => join(DEBIAN, version, 'bin', 'pgbench'));
  } catch {
    return [];
  }
}

async function prepare(database: Database): Promise<void> {
  await database.pool.query(readFileSync(join(SCRIPTS, 'schema.sql'), 'utf8'));
}

async function runScript(
  command: string,
  { url }: Database,
  script: string,
  clients: number,
  seconds: number,
): Promise<PgbenchResult> {
  const { hostname, port, username, password, pathname } = new URL(url);
  const { stdout } = await run(
    command,
    ['--no-vacuum', '--protocol=prepared', `--file=${join(SCRIPTS, `${script}.sql`)}`]
      // pgbench counts whole seconds only.
      .concat([`--client=${clients}`, '--jobs=1', `--time=${Math.max(1, Math.round(seconds))}`])
      .concat([pathname.slice(1)]),
    {
      env: { PATH: process.env.PATH, PGHOST: hostname, PGPORT: port, PGUSER: username, PGPASSWORD: password },
    },
  );
  const number = (line: RegExp) => Number(line.exec(stdout)?.[1]);
  const processed = number(/transactions actually processed: (\d+)/);
  // On a busy machine a second may go by before the first; the rate is then said to be no number.
  const rate = processed === 0 ? 0 : number(/tps = ([\d.]+)/);
  if (!Number.isFinite(rate) || number(/failed transactions: (\d+)/) !== 0) {
    throw new Error(`pgbench said something unexpected:\n${stdout}`);
  }
  return { rate };
}
