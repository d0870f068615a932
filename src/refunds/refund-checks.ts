import type { Orm } from '../database/index.js';
import type { Logger } from '../logging.js';
import type { RefundExecution } from './refund-execution.js';

/** How many refunds are looked after at once. */
const AT_ONCE = 4;
/** Until when a claimed refund is left to its process, in seconds; should it die, the refund is claimed again. */
const CLAIM_SECONDS = 120;

/**
 * Looks after refunds that are pending for longer than usual: Stripe has not decided, its event never came, or
 * whoever was to carry them out died. Any number of processes share the work.
 */
export class RefundChecks {
  private stopped = false;

  constructor(
    private readonly orm: Orm,
    private readonly execution: RefundExecution,
    private readonly logger: Logger,
  ) {}

  /** Looks after all that are due. */
  async run(): Promise<void> {
    for (let more = true; more && !this.stopped; ) {
      const due = await this.claim();
      await Promise.all(due.map((id) => this.check(id)));
      more = due.length === AT_ONCE;
    }
  }

  stop(): void {
    this.stopped = true;
  }

  private async check(refundId: string): Promise<void> {
    try {
      await this.execution.execute(refundId);
    } catch (error) {
      this.logger.error({ err: error, refundId }, 'A refund could not be looked after; it is tried again');
    }
  }

  /** Those that are older are asked about less often, but once an hour. */
  private async claim(): Promise<string[]> {
    const rows = await this.orm.em.fork().execute<{ id: string }[]>(
      `update refund set check_at = now() + least(greatest(now() - created_at, make_interval(secs => ?)), '1 hour')
       where id in (
         select id from refund where check_at <= now() order by check_at limit ? for update skip locked
       )
       returning id`,
      [CLAIM_SECONDS, AT_ONCE],
    );
    return rows.map((row) => row.id);
  }
}
