import { lstatSync, rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const PATIENCE_MS = 10_000;
const RETRY_MS = 50;

/**
 * Removes a directory in which a program that was told to end may still be at work, creating files or removing them
 * itself. Either makes a single attempt stop half-way: some with an error, some without.
 *
 * @throws when it still exists after 10 s
 */
export async function removeBusy(directory: string): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (let failure: unknown; ; ) {
    try {
      rmSync(directory, { recursive: true, force: true });
      failure = undefined;
    } catch (error) {
      failure = error;
    }
    if (!lstatSync(directory, { throwIfNoEntry: false })) return;
    if (Date.now() >= deadline) throw new Error(`${directory} cannot be removed.`, { cause: failure });
    await delay(RETRY_MS);
  }
}
