import { AppError } from '../errors.js';

/** How long anybody stands in line, in milliseconds. */
const PATIENCE_MS = 10_000;
const RETRY_AFTER_MS = 2_000;

/**
 * Lets so many pieces of work go on at a time; the others wait in line, first come, first served. Transactions that
 * want the same rows are no faster for being many, and each has a connection while it waits: without a bound they
 * would have all of the pool, and reads, purchases and the question whether this process is ready would have none.
 */
export class Turnstile {
  private readonly line: (() => void)[] = [];
  private free: number;

  constructor(most: number) {
    this.free = most;
  }

  /** @throws AppError INVENTORY_BUSY with `retryAfterMs` after 10 s in line; the work was not begun then */
  async through<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.free > 0) this.free -= 1;
    else await this.standInLine();
    try {
      return await work();
    } finally {
      const next = this.line.shift();
      if (next === undefined) this.free += 1;
      else next();
    }
  }

  private standInLine(): Promise<void> {
    return new Promise((resolve, reject) => {
      const enter = () => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.line.splice(this.line.indexOf(enter), 1);
        reject(
          new AppError('INVENTORY_BUSY', 'Too many orders are being settled right now; try again shortly', {
            retryAfterMs: RETRY_AFTER_MS,
          }),
        );
      }, PATIENCE_MS);
      this.line.push(enter);
    });
  }
}
