/** What a boundary lies before or after: a statement, a call to Stripe, an answer. */
export interface Step {
  readonly side: 'before' | 'after';
  readonly name: string;
}

/**
 * Counts the steps of a process as they are seen from outside, and ends the process at one of them: nothing that it
 * sends passes any more, and nothing that was answered arrives.
 */
export class Boundaries {
  private armed: { at: number; kill: () => Promise<void>; hasStruck: () => void } | undefined;
  private passed: string[] = [];
  private struck: string | undefined;

  /**
   * From now on boundaries count, from 1, until the one `at` which `kill` is called.
   *
   * @returns resolves once the process has ended of it
   */
  arm(at: number, kill: () => Promise<void>): { whenStruck: Promise<void> } {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.passed = [];
    this.struck = undefined;
    this.armed = { at, kill, hasStruck: resolve };
    return { whenStruck: promise };
  }

  /** Whether the process is being ended, or has been. */
  get hasStruck(): boolean {
    return this.struck !== undefined;
  }

  /** @returns the boundary at which the process was ended, if it was, and all that it came to */
  disarm(): { struckAt: string | undefined; passed: readonly string[] } {
    const found = { struckAt: this.struck, passed: this.passed };
    this.armed = undefined;
    this.struck = undefined;
    return found;
  }

  /** @returns false when the process has been ended: nothing may pass on */
  async reach({ side, name }: Step): Promise<boolean> {
    if (this.struck !== undefined) return false;
    if (!this.armed) return true;
    const label = `${side} ${name}`;
    this.passed.push(label);
    if (this.passed.length !== this.armed.at) return true;
    this.struck = label;
    const { kill, hasStruck } = this.armed;
    await kill();
    hasStruck();
    return false;
  }
}
