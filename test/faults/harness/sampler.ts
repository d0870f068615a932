import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { INVENTORY_AUDIT } from '../../../src/accounting/inventory-checks.js';

const EVERY_MS = 50;
/** Comparing counters with all rows takes longer, the more there are. */
const AUDIT_EVERY_MS = 2_000;
/** Within which a hold is given back after its time, in seconds. */
const GIVEN_BACK_WITHIN_S = 10;

/**
 * Looks into PostgreSQL itself, past every proxy, while faults are injected: at the counters every 50 ms, and every 2 s
 * at whether they are what the orders say, all in one instant.
 */
export class Sampler {
  samples = 0;
  audits = 0;
  /** By how many seconds a hold outlived its time at the most. */
  longestOutlived = 0;
  readonly broken = new Set<string>();
  private excused = 0;
  /** When this very process was late to wake up, and by how many milliseconds. */
  private readonly late: { readonly at: number; readonly ms: number }[] = [];
  private stopped = false;
  private readonly running: Promise<unknown>;

  constructor(private readonly pool: pg.Pool) {
    this.running = Promise.all([
      this.noteLateness(),
      this.repeat(EVERY_MS, () => this.counters()),
      this.repeat(AUDIT_EVERY_MS, () => this.audit()),
      this.repeat(EVERY_MS * 10, () => this.holds()),
    ]);
  }

  /** Holds may outlive their time while this is not undone: Stripe cannot be asked, or nobody is there to. */
  excuseHolds(): () => void {
    this.excused += 1;
    return () => {
      this.excused -= 1;
    };
  }

  /** For how many milliseconds in all the machine did something else when this process was to do something. */
  stolenMs(from: number, until: number): number {
    const within = this.late.filter(({ at }) => at >= from && at < until);
    return within.reduce((sum, { ms }) => sum + ms, 0);
  }

  /** @param slackMs how much longer than promised a hold may live on this machine */
  async stop(slackMs: number): Promise<void> {
    this.stopped = true;
    await this.running;
    if (this.longestOutlived <= GIVEN_BACK_WITHIN_S + slackMs / 1000) return;
    this.broken.add(`a hold outlived its time by ${this.longestOutlived.toFixed(1)} s`);
  }

  private async repeat(everyMs: number, look: () => Promise<void>): Promise<void> {
    while (!this.stopped) {
      // While PostgreSQL is away there is nothing to see.
      await look().catch(() => undefined);
      await delay(everyMs);
    }
  }

  private async noteLateness(): Promise<void> {
    while (!this.stopped) {
      const due = performance.now() + EVERY_MS;
      await delay(EVERY_MS);
      this.late.push({ at: due, ms: Math.max(0, performance.now() - due) });
    }
  }

  private async counters(): Promise<void> {
    const { rows } = await this.pool.query<{ id: number; quantity: number; held: number; sold: number }>(
      'select id, quantity, held, sold from ticket where held < 0 or sold < 0 or held + sold > quantity',
    );
    this.samples += 1;
    for (const { id, quantity, held, sold } of rows) {
      this.broken.add(`of ${quantity} tickets ${id}, ${held} were held and ${sold} sold at once`);
    }
  }

  private async audit(): Promise<void> {
    const { rows } = await this.pool.query<{ difference: string }>(INVENTORY_AUDIT);
    this.audits += 1;
    for (const { difference } of rows) this.broken.add(`while it went on: ${difference}`);
  }

  private async holds(): Promise<void> {
    const { rows } = await this.pool.query<{ seconds: number | null }>(
      `select extract(epoch from max(now() - expires_at))::float as seconds
       from orders where status = 'PENDING' and payment_status = 'UNPAID' and expires_at < now()`,
    );
    const seconds = rows[0]?.seconds ?? 0;
    if (this.excused > 0) return;
    this.longestOutlived = Math.max(this.longestOutlived, seconds);
  }
}
