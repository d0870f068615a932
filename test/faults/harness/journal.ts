/** What a buyer was told, and did. */
export interface Told {
  readonly orderId: string;
  readonly email: string;
  readonly idempotencyKey: string;
  /** Tickets of all kinds. */
  readonly quantity: number;
  readonly status: string;
  /** Stripe has taken the money. */
  paid: boolean;
  /** The server has said that the order is cancelled. */
  cancelled: boolean;
}

/** One attempt at a purchase, as its buyer saw it. */
export interface Attempt {
  /** When it was sent, by `performance.now()`. */
  readonly sent: number;
  /** Milliseconds until the answer. */
  readonly took: number;
  /** `BOUGHT`, or why not: a code of ours, or what HTTP or TCP had to say. */
  readonly outcome: string;
  /** Its buyer was told, or knows from the lack of an answer, that asking again is right. */
  readonly mayAskAgain: boolean;
  /** Nothing was to be paid, so that Stripe had no part in it. */
  readonly free: boolean;
}

/** Everything that buyers have seen, which nothing may contradict afterwards. */
export class Journal {
  readonly told: Told[] = [];
  readonly attempts: Attempt[] = [];
  /** Answers that no buyer should ever be given. */
  readonly surprises: string[] = [];

  between(from: number, until = Number.POSITIVE_INFINITY): Attempt[] {
    return this.attempts.filter(({ sent }) => sent >= from && sent < until);
  }

  /** How often each outcome was seen by those who asked in that time. */
  outcomes(from = 0, until = Number.POSITIVE_INFINITY): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { outcome } of this.between(from, until)) counts[outcome] = (counts[outcome] ?? 0) + 1;
    return counts;
  }

  /** The longest time in which nobody bought anything, in milliseconds. */
  longestGap(from: number, until: number): number {
    const instants = this.attempts
      .filter(({ outcome }) => outcome === 'BOUGHT')
      .map(({ sent, took }) => sent + took)
      .filter((at) => at > from && at < until)
      .sort((a, b) => a - b);
    const edges = [from, ...instants, until];
    return Math.max(...edges.slice(1).map((at, index) => at - (edges[index] as number)));
  }

  /** Of purchases of free tickets that succeeded, in milliseconds. */
  longestFree(from: number, until: number): number {
    return this.freeTimes(from, until).at(-1) ?? 0;
  }

  /** What half of them did not take longer than: no single one that the machine was slow at counts. */
  usualFree(from: number, until: number): number {
    const times = this.freeTimes(from, until);
    return times[Math.floor(times.length / 2)] ?? 0;
  }

  private freeTimes(from: number, until: number): number[] {
    return this.between(from, until)
      .filter(({ free, outcome }) => free && outcome === 'BOUGHT')
      .map(({ took }) => took)
      .sort((a, b) => a - b);
  }
}

/** `BOUGHT 120, SOLD_OUT 3` */
export function inWords(counts: Readonly<Record<string, number>>): string {
  const entries = Object.entries(counts).sort(([, a], [, b]) => b - a);
  return entries.map(([name, count]) => `${count} ${name}`).join(', ') || 'none';
}
