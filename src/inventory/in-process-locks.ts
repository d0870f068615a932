import { AppError } from '../errors.js';
import type { Metrics } from '../metrics.js';
import { type LockedTicket, type LockTimes, lockKeys, type TicketLocks } from './locks.js';

/** How long work goes on under one hold, in milliseconds. */
const LONGEST_TURN_MS = 1_000;

interface Waiting {
  readonly keys: readonly string[];
  readonly start: () => void;
}

/**
 * Locks among the purchases of this process, first come first served. Enough where one process
 * is all there is; with several, the queue in front of the locks that Redis keeps.
 */
export class InProcessTicketLocks implements TicketLocks {
  readonly healthy = true;
  private readonly held = new Set<string>();
  private readonly waiting: Waiting[] = [];

  constructor(
    private readonly waitMs: number,
    private readonly metrics: Metrics,
  ) {}

  async hold<Result>(
    tickets: readonly LockedTicket[],
    work: (signal: AbortSignal, times: LockTimes) => Promise<Result>,
    waitMs = this.waitMs,
  ): Promise<Result> {
    const started = performance.now();
    const release = await this.acquire(lockKeys(tickets), waitMs);
    const acquired = performance.now();
    this.metrics.lockWait.observe((acquired - started) / 1000);
    try {
      const goOn = () => performance.now() - acquired < LONGEST_TURN_MS;
      return await work(new AbortController().signal, { waitedMs: Math.round(acquired - started), goOn });
    } finally {
      release();
      this.metrics.lockHold.observe((performance.now() - acquired) / 1000);
    }
  }

  /**
   * @param waitMs how long to wait at most, in milliseconds
   * @returns what gives the locks back
   * @throws AppError INVENTORY_BUSY
   */
  async acquire(keys: readonly string[], waitMs: number): Promise<() => void> {
    if (this.free(keys) && !this.waitedFor(keys)) {
      this.take(keys);
    } else {
      this.metrics.lockContention.inc();
      await this.wait(keys, waitMs);
    }
    return () => this.release(keys);
  }

  async close(): Promise<void> {}

  private wait(keys: readonly string[], waitMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const entry: Waiting = {
        keys,
        start: () => {
          clearTimeout(timer);
          resolve();
        },
      };
      const timer = setTimeout(() => {
        this.waiting.splice(this.waiting.indexOf(entry), 1);
        this.metrics.lockFailures.inc({ reason: 'timeout' });
        reject(inventoryBusy());
        // Whoever stood behind may be free to go now.
        this.startWaiting();
      }, waitMs);
      this.waiting.push(entry);
    });
  }

  private release(keys: readonly string[]): void {
    for (const key of keys) this.held.delete(key);
    this.startWaiting();
  }

  /** In order of arrival; one that must wait keeps its place before all who want any of the same tickets. */
  private startWaiting(): void {
    const claimed = new Set<string>();
    for (let index = 0; index < this.waiting.length; ) {
      const entry = this.waiting[index] as Waiting;
      if (this.free(entry.keys) && entry.keys.every((key) => !claimed.has(key))) {
        this.waiting.splice(index, 1);
        this.take(entry.keys);
        entry.start();
      } else {
        for (const key of entry.keys) claimed.add(key);
        index += 1;
      }
    }
  }

  private free(keys: readonly string[]): boolean {
    return keys.every((key) => !this.held.has(key));
  }

  /** Whoever comes now must not overtake those who wait for any of the same tickets. */
  private waitedFor(keys: readonly string[]): boolean {
    return this.waiting.some((entry) => entry.keys.some((key) => keys.includes(key)));
  }

  private take(keys: readonly string[]): void {
    for (const key of keys) this.held.add(key);
  }
}

/** Tells the buyer to come again; a second is about what a full queue needs to move. */
export function inventoryBusy(): AppError {
  return new AppError('INVENTORY_BUSY', 'Too many purchases of these tickets right now; try again shortly', {
    retryAfterMs: 1_000,
  });
}
