import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { commandLine, isAlive } from '../processes.js';

/** Either ours, or held by another live process. */
export type Lock =
  | {
      readonly release: () => void;
      /** The holder before us did not give it up; it was killed. */
      readonly abandoned: boolean;
    }
  | { readonly holder: number };

/** Takes a lock that is a file with the id of its holder. One whose holder was killed is taken over. */
export function tryLock(file: string): Lock {
  for (let abandoned = false; ; abandoned = true) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' });
      return { release: () => rmSync(file, { force: true }), abandoned };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = readHolder(file);
    // The id of a killed holder may belong to some other program by now, or even to us.
    if (holder !== process.pid && isAlive(holder) && commandLine(holder).includes('start.js'))
      return { holder };
    rmSync(file, { force: true });
  }
}

function readHolder(file: string): number {
  try {
    // An empty file belongs to a holder that is about to write its id, or was killed before it could.
    return Number(readFileSync(file, 'utf8')) || process.pid;
  } catch {
    return process.pid;
  }
}
