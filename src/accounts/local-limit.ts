import { LRUCache } from 'lru-cache';

/** Whoever has not been heard of the longest is forgotten first. */
const MOST_KEYS = 100_000;

interface Window {
  used: number;
  /** Of performance.now(). */
  readonly until: number;
}

/**
 * Counts in this process alone, and answers at once: what every request is counted by may cost neither a promise nor a
 * timer, and the memory that strangers can make it use is bounded.
 */
export class LocalLimit {
  private readonly windows = new LRUCache<string, Window>({ max: MOST_KEYS });

  /**
   * @param points how often in one window
   * @param windowMs milliseconds, from the first time on
   */
  constructor(
    private readonly points: number,
    private readonly windowMs: number,
  ) {}

  /** @returns 0, or the milliseconds until the key may go on */
  consume(key: string): number {
    const now = performance.now();
    const window = this.windows.get(key);
    if (window === undefined || window.until <= now) {
      this.windows.set(key, { used: 1, until: now + this.windowMs });
      return 0;
    }
    if (window.used >= this.points) return Math.max(Math.ceil(window.until - now), 1);
    window.used += 1;
    return 0;
  }
}
