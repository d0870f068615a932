import type { Orm } from '../database/index.js';
import type { Logger } from '../logging.js';
import type { DisputeService } from './dispute.service.js';
import { NEXT_CHECK_MS } from './dispute-settlement.js';

const AT_ONCE = 20;

/** Asks about disputes that are open, hourly, since the webhook of a decision may never come. */
export class DisputeChecks {
  private stopped = false;

  constructor(
    private readonly orm: Orm,
    private readonly disputes: DisputeService,
    private readonly logger: Logger,
  ) {}

  /** One after the other: there is no hurry. Any number of processes share the work. */
  async checkDue(): Promise<void> {
    for (let found = AT_ONCE; found === AT_ONCE && !this.stopped; ) {
      const disputeIds = await this.claim();
      for (const disputeId of disputeIds) if (!this.stopped) await this.check(disputeId);
      found = disputeIds.length;
    }
  }

  /** Begins with no more. */
  stop(): void {
    this.stopped = true;
  }

  private async check(disputeId: string): Promise<void> {
    try {
      await this.disputes.check(disputeId);
    } catch (error) {
      this.logger.error({ err: error, disputeId }, 'A dispute could not be looked after; it is tried again');
    }
  }

  private async claim(): Promise<string[]> {
    const rows = await this.orm.em.fork().execute<{ id: string }[]>(
      `update dispute set check_at = ?
       where id in (select id from dispute where check_at <= now() order by check_at limit ? for update skip locked)
       returning id`,
      [new Date(Date.now() + NEXT_CHECK_MS), AT_ONCE],
    );
    return rows.map((row) => row.id);
  }
}
