import { Latencies } from './latencies.js';
import type { LoadJob, LoadResult } from './load.js';
import type { Pgbench } from './pgbench.js';
import type { Row } from './row.js';
import type { Database, Stack } from './stack.js';
import type { Target } from './work.js';
import type { Worker } from './worker.js';

/** What every group of rows works with. */
export interface Bench {
  readonly stack: Stack;
  readonly pgbench: Pgbench | undefined;
  readonly load: Worker<LoadJob, LoadResult>;
  /** How often everything of a group is measured in turn. */
  readonly rounds: number;
  /** Of one measurement. */
  readonly seconds: number;
  /** 1, or less for a run that only shows that everything works: the share of sockets, shows and so on. */
  readonly scale: number;
  /** How long the soak goes on. */
  readonly soakMinutes: number;
  progress(text: string): void;
}

/** Rows that are measured together, against the same servers. */
export interface Group {
  readonly name: string;
  /** @throws when an answer, or the audit, is wrong. */
  run(bench: Bench): Promise<Row[]>;
}

/**
 * Measures everything once in turn, as many times as there are rounds (A B C A B C ...), so that what the machine
 * does beside it falls on all alike. Once more before that, for compilers and caches to be warm, unless each
 * measurement starts servers of its own.
 */
export async function alternate<Name extends string, Result>(
  { rounds, progress }: Pick<Bench, 'rounds' | 'progress'>,
  contenders: Readonly<Record<Name, () => Promise<Result>>>,
  { warmUp = true } = {},
): Promise<Record<Name, Result[]>> {
  const entries = Object.entries(contenders) as [Name, () => Promise<Result>][];
  const results = Object.fromEntries(entries.map(([name]) => [name, []])) as unknown as Record<
    Name,
    Result[]
  >;
  for (let round = warmUp ? 0 : 1; round <= rounds; round += 1) {
    progress(round === 0 ? 'warming up' : `round ${round} of ${rounds}`);
    for (const [name, measure] of entries) {
      const result = await measure();
      if (round > 0) results[name].push(result);
    }
  }
  return results;
}

export function rates(results: readonly { readonly rate: number }[]): number[] {
  return results.map(({ rate }) => rate);
}

/** In milliseconds, one value a round. */
export function percentiles(results: readonly LoadResult[], percent: number): number[] {
  return results.map(({ latencies }) => Latencies.of(latencies).percentile(percent));
}

export function countRefused(results: readonly LoadResult[]): number {
  return results.flatMap(({ refused }) => Object.values(refused)).reduce((sum, count) => sum + count, 0);
}

const SCARCE = 50;
const CROWD = 256;
const SELL_OUT_WITHIN_MS = 30_000;

/** Buyers, and how many of them were told that they have a ticket. */
export class Buyers {
  private sold = 0;

  constructor(private readonly bench: Bench) {}

  async buy(job: Omit<LoadJob, 'seconds'> & { readonly seconds?: number }): Promise<LoadResult> {
    const result = await this.bench.load.run({ seconds: this.bench.seconds, ...job });
    this.sold += result.answered;
    return result;
  }

  /**
   * Makes a ticket scarce and lets a crowd have it: where plenty is left, nobody could be sold too much.
   *
   * @throws unless exactly as many are sold as there were, and somebody is told that it is sold out.
   */
  async sellOut(database: Database, urls: readonly string[], target: Target): Promise<void> {
    await database.pool.query('UPDATE ticket SET quantity = held + sold + $1::int WHERE id = $2', [
      SCARCE,
      target.ticketId,
    ]);
    const work = { kind: 'purchase', targets: [target] } as const;
    const deadline = performance.now() + SELL_OUT_WITHIN_MS;
    let sold = 0;
    let refused = 0;
    while (refused === 0 && performance.now() < deadline) {
      const result = await this.buy({ urls, connections: CROWD, seconds: 1, work });
      sold += result.answered;
      refused += result.refused.SOLD_OUT ?? 0;
    }
    if (sold !== SCARCE || refused === 0) {
      throw new Error(
        `Of ${SCARCE} tickets ${sold} were sold, and ${refused} buyers told that it is sold out.`,
      );
    }
  }

  get toldSold(): number {
    return this.sold;
  }
}
