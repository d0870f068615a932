import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 25;

/**
 * Waits for what can only be asked for, not awaited. Calls `probe` until it returns something other than false,
 * null or undefined, and returns that.
 *
 * @throws after `timeoutMs` milliseconds, naming what was waited for and the probe's last error.
 */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T> | T,
  timeoutMs = 15_000,
): Promise<Exclude<T, false | null | undefined>> {
  const deadline = Date.now() + timeoutMs;
  for (let failure: unknown; ; ) {
    try {
      const found = await probe();
      if (found !== false && found !== null && found !== undefined) {
        return found as Exclude<T, false | null | undefined>;
      }
      failure = undefined;
    } catch (error) {
      failure = error;
    }
    if (Date.now() >= deadline)
      throw new Error(`Waited ${timeoutMs} ms in vain: ${what}`, { cause: failure });
    await delay(POLL_MS);
  }
}
