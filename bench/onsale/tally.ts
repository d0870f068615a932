import { Latencies, type LatencyCounts } from '../support/latencies.js';

/** What happened to the requests of one process, by operation. */
export class Tally {
  private readonly latencies = new Map<string, Latencies>();
  private readonly failures: Record<string, number> = {};

  succeeded(operation: string, milliseconds: number): void {
    const known = this.latencies.get(operation) ?? new Latencies();
    known.record(milliseconds);
    this.latencies.set(operation, known);
  }

  failed(operation: string, code: string): void {
    const name = `${operation} ${code}`;
    this.failures[name] = (this.failures[name] ?? 0) + 1;
  }

  counts(): { latencies: Record<string, LatencyCounts>; errors: Record<string, number> } {
    const latencies = [...this.latencies].map(([name, known]) => [name, known.counts()] as const);
    return { latencies: Object.fromEntries(latencies), errors: this.failures };
  }
}
