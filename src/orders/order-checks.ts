import type { Orm } from '../database/index.js';
import type { Logger } from '../logging.js';
import type { OrderLifecycle } from './order-lifecycle.service.js';

/** How many orders are claimed at a time, and how many of them looked after at once. */
const PER_ROUND = 100;
const AT_ONCE = 8;
/** A claimed order is left to its process for so long; should it die, another one takes over. */
const CLAIM_SECONDS = 20;

/**
 * Looks after orders whose time has come: holds that ended, payments whose webhook never came,
 * sessions of purchases that failed half-way. Any number of processes share the work.
 */
export class OrderChecks {
  constructor(
    private readonly orm: Orm,
    private readonly lifecycle: OrderLifecycle,
    private readonly logger: Logger,
  ) {}

  /**
   * Looks after every order that is due now.
   *
   * @param stopped once this is true, no further order is begun; another process takes over
   */
  async runOnce(stopped: () => boolean): Promise<void> {
    for (let claimed = PER_ROUND; claimed === PER_ROUND && !stopped(); ) {
      const waiting = await this.claim();
      claimed = waiting.length;
      const workers = Array.from({ length: Math.min(AT_ONCE, claimed) }, async () => {
        for (let id = waiting.shift(); id !== undefined && !stopped(); id = waiting.shift()) {
          await this.check(id);
        }
      });
      await Promise.all(workers);
    }
  }

  private async check(orderId: string): Promise<void> {
    try {
      await this.lifecycle.check(orderId);
    } catch (error) {
      this.logger.error({ err: error, orderId }, 'An order could not be looked after; it is tried again');
    }
  }

  private async claim(): Promise<string[]> {
    const rows = await this.orm.em.fork().execute<{ id: string }[]>(
      `update orders set check_at = now() + make_interval(secs => ?)
       where id in (
         select id from orders where check_at <= now() order by check_at limit ? for update skip locked
       )
       returning id`,
      [CLAIM_SECONDS, PER_ROUND],
    );
    return rows.map((row) => row.id);
  }
}
