/**
 * An async iterator that holds one state at most. What its reader has not yet taken is merged with
 * what comes after it, so a slow reader gets the newest state and costs no memory.
 */
export class LatestState<State> implements AsyncIterableIterator<State> {
  private pending: State | undefined;
  private reader: ((result: IteratorResult<State>) => void) | undefined;
  private ended = false;

  /**
   * @param merge makes one state of an untaken older and a newer one
   * @param onEnd called once when reading ends
   */
  constructor(
    private readonly merge: (older: State, newer: State) => State,
    private readonly onEnd: () => void,
  ) {}

  offer(state: State): void {
    if (this.ended) return;
    const reader = this.reader;
    if (reader !== undefined) {
      this.reader = undefined;
      reader({ value: state, done: false });
      return;
    }
    this.pending = this.pending === undefined ? state : this.merge(this.pending, state);
  }

  async next(): Promise<IteratorResult<State>> {
    if (this.ended) return { value: undefined, done: true };
    const state = this.pending;
    if (state !== undefined) {
      this.pending = undefined;
      return { value: state, done: false };
    }
    return new Promise((resolve) => {
      this.reader = resolve;
    });
  }

  async return(): Promise<IteratorResult<State>> {
    if (!this.ended) {
      this.ended = true;
      this.pending = undefined;
      this.onEnd();
      this.reader?.({ value: undefined, done: true });
    }
    return { value: undefined, done: true };
  }

  async throw(error: unknown): Promise<IteratorResult<State>> {
    await this.return();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
