import { AppError } from '../errors.js';
import type { Metrics } from '../metrics.js';

/** What is taken at once. */
const LARGEST_BATCH = 256;
/** A show with this many waiting is served by itself, so that others need not wait for it. */
const HOT = 16;
/** Batches that are carried out at the same time. */
const LANES = 3;
/** Waiting for one show; whoever comes then is told so at once instead of being kept in vain. */
const MOST_WAITING = 4_096;

export interface QueueLimits {
  /** Milliseconds that anybody waits for a turn at most. */
  readonly waitMs: number;
}

interface Entry<Work, Result> {
  readonly showId: number;
  readonly work: Work;
  readonly since: number;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/** Carries out what many have asked for; one result for each, in the same order. */
export type CarryOut<Work, Result> = (
  works: readonly { readonly showId: number; readonly work: Work; readonly waitedMs: number }[],
) => Promise<readonly PromiseSettledResult<Result>[]>;

/**
 * First come, first served, per show; and all who wait are served together. An idle queue adds no
 * delay: whoever finds it idle is served at once, alone. No show is in two batches at the same time.
 */
export class PurchaseQueue<Work, Result> {
  private readonly waiting = new Map<number, Entry<Work, Result>[]>();
  private readonly busy = new Set<number>();
  private running = 0;
  /** Purchases a second, as of late: what tells those sent away when to come again. */
  private rate = 500;

  constructor(
    private readonly carryOut: CarryOut<Work, Result>,
    private readonly limits: QueueLimits,
    private readonly metrics: Pick<Metrics, 'purchasesWaiting'>,
  ) {}

  /**
   * @param signal aborted when nobody waits for the answer any more; who has a turn already keeps it
   * @throws AppError INVENTORY_BUSY with `retryAfterMs`, at once where the queue is full
   */
  submit(showId: number, work: Work, signal?: AbortSignal): Promise<Result> {
    const line = this.waiting.get(showId) ?? [];
    if (line.length >= MOST_WAITING) return Promise.reject(this.full(line.length));
    return new Promise((resolve, reject) => {
      const entry = { showId, work, since: performance.now(), resolve, reject };
      line.push(entry);
      this.waiting.set(showId, line);
      this.metrics.purchasesWaiting.inc();
      signal?.addEventListener('abort', () => this.leave(entry, signal.reason), { once: true });
      this.pump();
    });
  }

  private pump(): void {
    while (this.running < LANES) {
      const batch = this.nextBatch();
      if (batch.length === 0) break;
      void this.run(batch);
    }
  }

  private nextBatch(): Entry<Work, Result>[] {
    const batch: Entry<Work, Result>[] = [];
    for (const [showId, line] of this.waiting) {
      if (this.busy.has(showId)) continue;
      if (line.length >= HOT && batch.length > 0) continue;
      const hot = line.length >= HOT;
      const taken = line.splice(0, LARGEST_BATCH - batch.length);
      this.metrics.purchasesWaiting.dec(taken.length);
      batch.push(...taken);
      if (line.length === 0) this.waiting.delete(showId);
      if (hot || batch.length === LARGEST_BATCH) break;
    }
    return batch;
  }

  private async run(batch: Entry<Work, Result>[]): Promise<void> {
    const shows = new Set(batch.map((entry) => entry.showId));
    for (const showId of shows) this.busy.add(showId);
    this.running += 1;
    const started = performance.now();
    try {
      const tooLate = batch.filter((entry) => Math.floor(started - entry.since) > this.limits.waitMs);
      for (const entry of tooLate) entry.reject(this.full(batch.length));
      const served = batch.filter((entry) => !tooLate.includes(entry));
      if (served.length > 0) await this.serve(served, started);
    } finally {
      this.running -= 1;
      for (const showId of shows) {
        this.busy.delete(showId);
        this.moveToTheEnd(showId);
      }
      this.pump();
    }
  }

  private async serve(batch: Entry<Work, Result>[], started: number): Promise<void> {
    try {
      const results = await this.carryOut(
        batch.map(({ showId, work, since }) => ({ showId, work, waitedMs: Math.round(started - since) })),
      );
      batch.forEach((entry, index) => {
        const result = results[index] as PromiseSettledResult<Result>;
        if (result.status === 'fulfilled') entry.resolve(result.value);
        else entry.reject(result.reason);
      });
    } catch (error) {
      for (const entry of batch) entry.reject(error);
    }
    const perSecond = (batch.length / (performance.now() - started)) * 1_000;
    this.rate += (perSecond - this.rate) / 8;
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
