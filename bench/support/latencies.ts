/** Of one bucket, in milliseconds: finer than any difference that a benchmark can tell. */
const RESOLUTION_MS = 0.05;

/** How often each bucket was hit; what processes send to each other. */
export type LatencyCounts = ReadonlyArray<readonly [bucket: number, count: number]>;

/** Durations in milliseconds, kept as counts so that a long run costs no memory. */
export class Latencies {
  private readonly buckets = new Map<number, number>();
  private total = 0;

  static of(...parts: readonly LatencyCounts[]): Latencies {
    const all = new Latencies();
    for (const part of parts) for (const [bucket, count] of part) all.add(bucket, count);
    return all;
  }

  record(milliseconds: number, times = 1): void {
    this.add(Math.round(milliseconds / RESOLUTION_MS), times);
  }

  get count(): number {
    return this.total;
  }

  /** In milliseconds, by nearest rank; NaN where nothing was recorded. 100 is the longest. */
  percentile(percent: number): number {
    const rank = Math.max(1, Math.ceil((percent / 100) * this.total));
    let seen = 0;
    for (const [bucket, count] of [...this.buckets].sort(([a], [b]) => a - b)) {
      seen += count;
      if (seen >= rank) return bucket * RESOLUTION_MS;
    }
    return Number.NaN;
  }

  counts(): LatencyCounts {
    return [...this.buckets];
  }

  private add(bucket: number, count: number): void {
    this.buckets.set(bucket, (this.buckets.get(bucket) ?? 0) + count);
    this.total += count;
  }
}
