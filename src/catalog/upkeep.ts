/** Milliseconds between two rounds; with the time that one takes, well below the age at which things are stale. */
const PAUSE_MS = 400;

/** Asks the database whether what is read is still so; never while nobody reads. */
export class Upkeep {
  private timer: NodeJS.Timeout | undefined;
  private lastRound = Number.NEGATIVE_INFINITY;
  private closed = false;

  /**
   * @param verify what was read since then, by performance.now()
   * @param failed what was not verified is read again by who wants it
   */
  constructor(
    private readonly verify: (since: number) => Promise<void>,
    private readonly failed: (error: unknown) => void,
  ) {}

  /** Something is read: another round is to come. */
  wake(): void {
    if (this.timer !== undefined || this.closed) return;
    this.timer = setTimeout(() => void this.round(), PAUSE_MS);
    this.timer.unref();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
  }

  private async round(): Promise<void> {
    const since = this.lastRound;
    this.lastRound = performance.now();
    try {
      await this.verify(since);
    } catch (error) {
      if (!this.closed) this.failed(error);
    } finally {
      this.timer = undefined;
    }
  }
}
