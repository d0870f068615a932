import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';

/** What the database held at one instant, in tickets of all kinds. */
export interface Sample {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly held: number;
  readonly sold: number;
}

const EVERY_MS = 20;

/**
 * Watches the sale from inside the database: what is held and sold, and when each state that it catches was
 * committed (PostgreSQL's track_commit_timestamp).
 */
export class Sampler {
  readonly samples: Sample[] = [];
  private readonly committed = new Map<string, number>();
  private stopped = false;
  private readonly running: Promise<void>;

  constructor(
    private readonly pool: pg.Pool,
    private readonly showId: string,
  ) {
    this.running = this.run();
  }

  get last(): Sample {
    return this.samples.at(-1) ?? { at: 0, held: 0, sold: 0 };
  }

  /** @returns when this state of a ticket was committed, in milliseconds since the epoch, where it was caught */
  commitOf(ticketId: string, version: number): number | undefined {
    return this.committed.get(`${ticketId}:${version}`);
  }

  /** @throws what a statement has thrown */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.running;
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      await this.sample();
      await delay(EVERY_MS);
    }
  }

  private async sample(): Promise<void> {
    const { rows } = await this.pool.query<Row>({
      name: 'sample',
      text: `SELECT id, held, sold, version,
          (extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000)::float8 AS committed
        FROM ticket WHERE show_id = $1`,
      values: [this.showId],
    });
    const total = (count: (row: Row) => number) => rows.reduce((sum, row) => sum + count(row), 0);
    const sample = { at: Date.now(), held: total(({ held }) => held), sold: total(({ sold }) => sold) };
    const { last } = this;
    if (sample.held !== last.held || sample.sold !== last.sold) this.samples.push(sample);
    for (const { id, version, committed } of rows) this.committed.set(`${id}:${version}`, committed);
  }
}

interface Row {
  readonly id: number;
  readonly held: number;
  readonly sold: number;
  readonly version: number;
  readonly committed: number;
}
