import type { Orm } from '../database/index.js';
import type { Logger } from '../logging.js';
import type { OrderLifecycle } from './order-lifecycle.service.js';

/** How many orders one round looks after, and how many of them at once. */
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

  /** @returns how many orders were looked after */
  async runOnce(): Promise<number> {
    const orderIds = await this.claim();
    const waiting = [...orderIds];
    const workers = Array.from({ length: Math.min(AT_ONCE, waiting.length) }, async () => {
      for (let orderId = waiting.shift(); orderId !== undefined; orderId = waiting.shift()) {
        await this.check(orderId);
      }
    });
    await Promise.all(workers);
    return orderIds.length;
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
