/** A state that many watch and that is the same for each of them, told as what changed since a revision. */
export interface SharedFeed {
  /** Rises with every change; 0 is before anything was known. */
  readonly revision: number;

  /** What is news to whoever knows the state as it was at that revision, 0 for nothing; undefined if nothing is. */
  changesSince(revision: number): unknown;

  /** Called when there is news, at most every 50 ms. @returns what gives up listening */
  listen(listener: () => void): () => void;
}

const DONE: IteratorReturnResult<undefined> = { value: undefined, done: true };

/**
 * One who watches a feed, until it is returned. It has no values of its own: what is news is asked of the
 * feed, once for all who watch, and not pulled by each.
 */
export class FeedSubscription implements AsyncIterableIterator<never> {
  private ended = false;

  /** @param onEnd called once when watching ends */
  constructor(
    readonly feed: SharedFeed,
    private readonly onEnd: () => void,
  ) {}

  async next(): Promise<IteratorResult<never>> {
    return DONE;
  }

  async return(): Promise<IteratorResult<never>> {
    if (!this.ended) {
      this.ended = true;
      this.onEnd();
    }
    return DONE;
  }

  async throw(error: unknown): Promise<IteratorResult<never>> {
    await this.return();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
