import { AppError } from '../errors.js';
import type { Metrics } from '../metrics.js';
import { type Entry, PurchaseBatch } from './purchase-batch.js';

/** What is taken at once. */
const LARGEST_BATCH = 256;
/** A show with this many waiting is served by itself, so that others need not wait for it. */
const HOT = 16;
/** Of such a show: while some are in the database, others are decoded and answered. */
const HOT_BATCH = 48;
/** Turns that are under way at the same time. */
const LANES = 3;
/**
 * Quiet shows are served together, and by one batch at a time: two would each be half as large for the same
 * statements. One that takes longer, as when a lock is not to be had, lets others go past it; in milliseconds.
 */
const SHARED_BATCH_MS = 100;
/** How often it is looked whether somebody has waited for too long, in milliseconds. */
const SWEEP_MS = 500;
/** Waiting for one show; whoever comes then is told so at once instead of being kept in vain. */
const MOST_WAITING = 4_096;

export interface QueueLimits {
  /** Milliseconds that anybody waits for a turn at most. */
  readonly waitMs: number;
}

/** The time in which nobody else serves the shows of a batch. */
export interface Turn<Work, Result> {
  readonly batch: PurchaseBatch<Work, Result>;
  /**
   * Who has come for the same show since, in order, up to the first whose work is not accepted. Undefined where
   * nobody has, where the turn is of several shows, and where other shows wait for a lane.
   */
  next(accept: (work: Work) => boolean): PurchaseBatch<Work, Result> | undefined;
}

/** Serves a batch, and those that it asks for; what it throws is the answer to the last of them. */
export type Serve<Work, Result> = (turn: Turn<Work, Result>) => Promise<void>;

/**
 * First come, first served, per show; and all who wait are served together. An idle queue adds no
 * delay: whoever finds it idle is served at once, alone. No show is in two batches at the same time.
 */
export class PurchaseQueue<Work, Result> {
  private readonly waiting = new Map<number, Entry<Work, Result>[]>();
  private readonly busy = new Set<number>();
  private turns = 0;
  /** Runs while a batch of several shows may not be joined by another. */
  private sharing: NodeJS.Timeout | undefined;
  /** Runs while anybody waits. */
  private sweeping: NodeJS.Timeout | undefined;
  /** Purchases a second, as of late: what tells those sent away when to come again. */
  private rate = 500;

  constructor(
    private readonly serve: Serve<Work, Result>,
    private readonly limits: QueueLimits,
    private readonly metrics: Pick<Metrics, 'purchasesWaiting'>,
  ) {}

  /**
   * @param signal aborted when nobody waits for the answer any more; who has a turn already keeps it
   * @throws AppError INVENTORY_BUSY with `retryAfterMs`, at once where the queue is full
   */
  submit(showId: number, work: Work, signal?: AbortSignal): Promise<Result> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    const line = this.waiting.get(showId) ?? [];
    if (line.length >= MOST_WAITING) return Promise.reject(this.full(line.length));
    return new Promise((resolve, reject) => {
      const entry = { showId, work, since: performance.now(), resolve, reject };
      line.push(entry);
      this.waiting.set(showId, line);
      this.metrics.purchasesWaiting.inc();
      this.sweeping ??= setInterval(() => this.sendAway(), SWEEP_MS).unref();
      signal?.addEventListener('abort', () => this.leave(entry, signal.reason), { once: true });
      this.pump();
    });
  }

  /** Whoever has waited for too long is told so, though the turn before theirs does not end. */
  private sendAway(): void {
    const now = performance.now();
    for (const [showId, line] of this.waiting) {
      const end = line.findIndex((entry) => now - entry.since <= this.limits.waitMs + 1);
      for (const entry of this.take(showId, end < 0 ? line.length : end))
        entry.reject(this.full(line.length));
    }
    if (this.waiting.size > 0) return;
    clearInterval(this.sweeping);
    this.sweeping = undefined;
  }

  private pump(): void {
    while (this.turns < LANES) {
      const entries = this.nextEntries();
      if (entries.length === 0) break;
      void this.run(entries);
    }
  }

  private nextEntries(): Entry<Work, Result>[] {
    const entries: Entry<Work, Result>[] = [];
    for (const [showId, line] of this.waiting) {
      if (this.busy.has(showId)) continue;
      const hot = line.length >= HOT;
      if (hot ? entries.length > 0 : this.sharing !== undefined) continue;
      entries.push(...this.take(showId, hot ? HOT_BATCH : LARGEST_BATCH - entries.length));
      if (hot || entries.length === LARGEST_BATCH) break;
    }
    return entries;
  }

  private take(showId: number, most: number): Entry<Work, Result>[] {
    const line = this.waiting.get(showId) as Entry<Work, Result>[];
    const taken = line.splice(0, most);
    this.metrics.purchasesWaiting.dec(taken.length);
    if (line.length === 0) this.waiting.delete(showId);
    return taken;
  }

  private async run(entries: Entry<Work, Result>[]): Promise<void> {
    const shows = new Set(entries.map((entry) => entry.showId));
    for (const showId of shows) this.busy.add(showId);
    this.turns += 1;
    const sharing = shows.size > 1 ? this.share() : undefined;
    let batch = this.inTime(entries);
    const next = (accept: (work: Work) => boolean) => {
      const more = shows.size === 1 ? this.nextOf(entries[0]?.showId as number, accept) : undefined;
      if (more !== undefined) batch = more;
      return more;
    };
    try {
      if (batch.works.length > 0) await this.serve({ batch, next });
    } catch (error) {
      batch.fail(error);
    } finally {
      this.turns -= 1;
      this.endSharing(sharing);
      for (const showId of shows) {
        this.busy.delete(showId);
        this.moveToTheEnd(showId);
      }
      this.pump();
    }
  }

  private share(): NodeJS.Timeout {
    const sharing = setTimeout(() => {
      this.endSharing(sharing);
      this.pump();
    }, SHARED_BATCH_MS);
    this.sharing = sharing;
    return sharing;
  }

  private endSharing(sharing: NodeJS.Timeout | undefined): void {
    clearTimeout(sharing);
    if (this.sharing === sharing) this.sharing = undefined;
  }

  private nextOf(showId: number, accept: (work: Work) => boolean): PurchaseBatch<Work, Result> | undefined {
    const line = this.waiting.get(showId);
    if (line === undefined || this.othersWaitForALane()) return undefined;
    const end = line.findIndex((entry) => !accept(entry.work));
    const batch = this.inTime(this.take(showId, Math.min(end < 0 ? line.length : end, HOT_BATCH)));
    return batch.works.length > 0 ? batch : undefined;
  }

  private othersWaitForALane(): boolean {
    return this.turns === LANES && [...this.waiting.keys()].some((showId) => !this.busy.has(showId));
  }

  /** Without those who have waited for too long, who are sent away. */
  private inTime(entries: readonly Entry<Work, Result>[]): PurchaseBatch<Work, Result> {
    const now = performance.now();
    const inTime: Entry<Work, Result>[] = [];
    for (const entry of entries) {
      if (Math.floor(now - entry.since) <= this.limits.waitMs) inTime.push(entry);
      else entry.reject(this.full(entries.length));
    }
    return new PurchaseBatch(inTime, now, (perSecond) => {
      this.rate += (perSecond - this.rate) / 8;
    });
  }

  /** So that shows with much to do take turns with all others. */
  private moveToTheEnd(showId: number): void {
    const line = this.waiting.get(showId);
    if (line === undefined) return;
    this.waiting.delete(showId);
    this.waiting.set(showId, line);
  }

  private leave(entry: Entry<Work, Result>, reason: unknown): void {
    const line = this.waiting.get(entry.showId);
    const place = line?.indexOf(entry) ?? -1;
    if (line === undefined || place < 0) return;
    line.splice(place, 1);
    this.metrics.purchasesWaiting.dec();
    if (line.length === 0) this.waiting.delete(entry.showId);
    entry.reject(reason);
  }

  private full(ahead: number): AppError {
    const retryAfterMs = Math.round(Math.min(Math.max((ahead / this.rate) * 1_000, 500), 10_000));
    return new AppError(
      'INVENTORY_BUSY',
      'Too many purchases of these tickets right now; try again shortly',
      { retryAfterMs },
    );
  }
}
