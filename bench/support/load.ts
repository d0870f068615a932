import { setTimeout as delay } from 'node:timers/promises';
import { HttpConnection } from './http-connection.js';
import { Latencies, type LatencyCounts } from './latencies.js';
import { type Outcome, requestsOf, type Work } from './work.js';

export interface LoadJob {
  /** Connections are spread evenly over these servers. */
  readonly urls: readonly string[];
  /** Each sends its next request when the one before it has been answered. */
  readonly connections: number;
  readonly seconds: number;
  readonly work: Work;
  /** Requests a second of all connections together; as fast as they are answered unless given. */
  readonly perSecond?: number;
}

export interface LoadResult {
  /**
   * What was asked for, per second until the last answer. Nothing is begun when the time is over, and what is under way
   * then counts with the time that it took: where many are answered at once, a cut between would count too few.
   */
  readonly rate: number;
  /** The same by server, in the order of `urls`. */
  readonly rates: readonly number[];
  /** For comparing with the database. */
  readonly answered: number;
  /** Refusals by code. */
  readonly refused: Readonly<Record<string, number>>;
  /** Of everything that was not refused. */
  readonly latencies: LatencyCounts;
}

/**
 * Runs in a process of its own (load-process.ts).
 *
 * @throws at the first wrong answer.
 */
export async function runLoad(job: LoadJob): Promise<LoadResult> {
  const requests = requestsOf(job.work);
  const connections = Array.from({ length: job.connections }, (_, index) => {
    const server = index % job.urls.length;
    return { server, http: new HttpConnection(job.urls[server] as string) };
  });
  const tally = new Tally(job.urls.length);
  const start = performance.now();
  const end = start + job.seconds * 1_000;
  const period = job.perSecond === undefined ? 0 : (1_000 * job.connections) / job.perSecond;
  try {
    await Promise.all(
      connections.map(async ({ server, http }, index) => {
        let due = performance.now() + (period * index) / job.connections;
        while (performance.now() < end) {
          const planned = due;
          due += period;
          if (period > 0) await delay(Math.max(0, planned - performance.now()));
          // Who comes at a rate of their own waits from then on, even while an earlier answer is late.
          const since = period > 0 ? Math.min(planned, performance.now()) : performance.now();
          const outcome = requests.check(await http.send(requests.next()));
          tally.count(server, outcome, performance.now() - since);
        }
      }),
    );
  } finally {
    for (const { http } of connections) http.close();
  }
  return tally.result((performance.now() - start) / 1_000);
}

class Tally {
  private readonly answered: number[];
  private readonly latencies = new Latencies();
  private readonly refused: Record<string, number> = {};

  constructor(servers: number) {
    this.answered = Array.from({ length: servers }, () => 0);
  }

  count(server: number, outcome: Outcome, latency: number): void {
    if (outcome !== 'ok') {
      this.refused[outcome] = (this.refused[outcome] ?? 0) + 1;
      return;
    }
    this.latencies.record(latency);
    this.answered[server] = (this.answered[server] ?? 0) + 1;
  }

  result(seconds: number): LoadResult {
    const rates = this.answered.map((count) => count / seconds);
    return {
      rate: rates.reduce((sum, rate) => sum + rate, 0),
      rates,
      answered: this.latencies.count,
      refused: this.refused,
      latencies: this.latencies.counts(),
    };
  }
}
