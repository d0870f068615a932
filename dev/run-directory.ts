import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive } from './processes.js';

/**
 * A directory for the servers of this process, which removes it when it is done; and removes those that processes
 * which were killed have left.
 *
 * @param prefix names what runs, e.g. `boxoffice-test-`
 */
export function makeRunDirectory(prefix: string): string {
  removeLeftovers(prefix);
  const directory = mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`));
  // PostgreSQL may have to run as an account other than ours.
  chmodSync(directory, 0o711);
  return directory;
}

function removeLeftovers(prefix: string): void {
  for (const name of readdirSync(tmpdir())) {
    const owner = name.startsWith(prefix) ? Number.parseInt(name.slice(prefix.length), 10) : Number.NaN;
    if (Number.isNaN(owner) || isAlive(owner)) continue;
    try {
      rmSync(join(tmpdir(), name), { recursive: true, force: true });
    } catch {
      // It belongs to another account.
    }
  }
}
