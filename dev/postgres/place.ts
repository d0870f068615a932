import { createHash } from 'node:crypto';
import {
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmdirSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { type Account, canEnter } from './account.js';
import { sharedDirectories } from './binaries.js';
import { hasCluster } from './cluster.js';
import { stopOrphan } from './orphan.js';
import { removeBusy } from './remove.js';

/**
 * Where the data of `dataDirectory` really lies: there, if the account that runs PostgreSQL can get there. Else in
 * a directory for temporary files, with a symbolic link at `dataDirectory` as the only record of it. So whoever
 * removes the link has removed the data, as far as the next start is concerned, and the leftovers go then.
 */
export async function findPlace(dataDirectory: string, account: Account | undefined): Promise<string> {
  mkdirSync(dirname(resolve(dataDirectory)), { recursive: true });
  const path = join(realpathSync(dirname(resolve(dataDirectory))), basename(dataDirectory));
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isSymbolicLink()) {
    const target = resolve(dirname(path), readlinkSync(path));
    if (hasCluster(target) && canEnter(account, target)) return target;
    // Its target was removed, or never finished.
    rmSync(path);
  } else if (found && hasCluster(path)) {
    if (canEnter(account, path)) return path;
    throw new Error(
      `PostgreSQL, running as uid ${account?.uid ?? process.getuid?.()}, cannot enter its data in ${path}. ` +
        'Start it as the account that made the data, or remove that directory to start afresh.',
    );
  } else if (found && readdirSync(path).length > 0) {
    throw new Error(
      `${path} is neither empty nor a database made by this program. Remove it or name another.`,
    );
  }
  return canEnter(account, dirname(path)) ? path : await placeElsewhere(path, account!);
}

async function placeElsewhere(path: string, account: Account): Promise<string> {
  const [base] = sharedDirectories(account);
  if (base === undefined) {
    throw new Error(
      `PostgreSQL has to run as uid ${account.uid}, which can enter neither ${dirname(path)} nor any directory ` +
        'for temporary files. Set TMPDIR to one that it can enter, or start this as a normal user.',
    );
  }
  const identity = createHash('sha256').update(path).digest('hex').slice(0, 16);
  const prefix = `boxoffice-postgres-data-${identity}-`;
  for (const name of readdirSync(base)) {
    if (name.startsWith(prefix)) await discard(join(base, name), account);
  }
  const home = mkdtempSync(join(base, prefix));
  chownSync(home, account.uid, account.gid);
  const place = join(home, 'postgres');
  if (lstatSync(path, { throwIfNoEntry: false })) rmdirSync(path);
  symlinkSync(place, path);
  return place;
}

async function discard(home: string, account: Account): Promise<void> {
  const found = lstatSync(home);
  // Others may have made something of that name; it is theirs.
  if (!found.isDirectory() || (found.uid !== account.uid && found.uid !== 0)) return;
  await stopOrphan(join(home, 'postgres', 'cluster'));
  await removeBusy(home);
}
