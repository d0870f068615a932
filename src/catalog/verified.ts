import type { Upkeep } from './upkeep.js';

/** Milliseconds after which nothing is told any more without asking the database. */
const MAX_AGE_MS = 1_000;

/**
 * Something kept in memory that the database has to have confirmed lately. All times are of the monotonic
 * clock (performance.now()): what other processes take for the time does not matter.
 */
export abstract class Verified {
  /** Rises whenever what is told changes. */
  version = 0;
  readAt = Number.NEGATIVE_INFINITY;
  private verifiedAt = Number.NEGATIVE_INFINITY;
  private outdatedAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly upkeep: Upkeep) {}

  /** Whether this may be told. Whoever asks reads it, so it is kept fresh for who comes next. */
  isFresh(now: number): boolean {
    this.readAt = now;
    this.upkeep.wake();
    return this.verifiedAt > this.outdatedAt && now - this.verifiedAt <= MAX_AGE_MS;
  }

  /** When the clock alone changes what is told next, in milliseconds since the epoch; or infinity. */
  abstract changesAt(now: Date): number;

  /** @param sentAt when the statement was sent that has confirmed it */
  verify(sentAt: number): void {
    this.verifiedAt = Math.max(this.verifiedAt, sentAt);
  }

  /** Something has changed that only the database can tell: what it said before does not count any more. */
  outdate(): void {
    this.outdatedAt = Math.max(this.outdatedAt, performance.now());
  }

  /** Changes are not heard here any more. */
  retire(): void {
    this.outdatedAt = Number.POSITIVE_INFINITY;
  }
}
