/** Somebody who waits for an answer. */
export interface Entry<Work, Result> {
  readonly showId: number;
  readonly work: Work;
  /** By `performance.now()`. */
  readonly since: number;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

export interface Waiting<Work> {
  readonly showId: number;
  readonly work: Work;
  /** For a turn, in milliseconds. */
  readonly waitedMs: number;
}

/** Answered in one go; in between, the database's answers to the next batch are read. */
const ANSWERS_AT_ONCE = 8;

/** Those who are served together. */
export class PurchaseBatch<Work, Result> {
  /** In the order in which they came. */
  readonly works: readonly Waiting<Work>[];

  /** @param onSettled told how many a second this batch came to */
  constructor(
    private readonly entries: readonly Entry<Work, Result>[],
    private readonly started: number,
    private readonly onSettled: (perSecond: number) => void,
  ) {
    this.works = entries.map(({ showId, work, since }) => ({
      showId,
      work,
      waitedMs: Math.round(started - since),
    }));
  }

  /** One result for each, in the same order. */
  settle(results: readonly PromiseSettledResult<Result>[]): void {
    this.onSettled((this.entries.length / (performance.now() - this.started)) * 1_000);
    this.answer(results, 0);
  }

  /** The same answer to all who have none yet. */
  fail(reason: unknown): void {
    for (const entry of this.entries) entry.reject(reason);
  }

  private answer(results: readonly PromiseSettledResult<Result>[], from: number): void {
    const to = Math.min(from + ANSWERS_AT_ONCE, this.entries.length);
    for (let index = from; index < to; index += 1) {
      const entry = this.entries[index] as Entry<Work, Result>;
      const result = results[index] as PromiseSettledResult<Result>;
      if (result.status === 'fulfilled') entry.resolve(result.value);
      else entry.reject(result.reason);
    }
    if (to < this.entries.length) setImmediate(() => this.answer(results, to));
  }
}
