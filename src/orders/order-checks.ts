import type { Orm } from '../database/index.js';
import type { Logger } from '../logging.js';
import type { OrderLifecycle } from './order-lifecycle.service.js';

/** How many orders are looked after at once: a sale that runs out has its holds end together. */
const AT_ONCE = 32;
/**
 * Seconds that a claimed order is left to its process, which renews that every 2 s for as long as it is at it; should it
 * die, others go on. A hold that is over is given back within 10 s even then; all else has more patience.
 */
const CLAIM_SECONDS = { ending: 5, routine: 25 } as const;

/**
 * Looks after orders whose time has come: holds that ended, payments whose webhook never came,
 * sessions of purchases that failed half-way. Any number of processes share the work.
 */
export class OrderChecks {
  private readonly running = new Map<string, Promise<void>>();
  private claiming = false;
  /** Whether more was due than there was room for. */
  private more = false;
  private stopped = false;

  constructor(
    private readonly orm: Orm,
    private readonly lifecycle: OrderLifecycle,
    private readonly logger: Logger,
  ) {}

  /** Begins with what is due, as far as there is room; one order that is slow keeps no other waiting. */
  async begin(): Promise<void> {
    if (this.claiming || this.stopped) return;
    this.claiming = true;
    try {
      await this.renew();
      for (let room = this.room(); room > 0 && !this.stopped; room = this.room()) {
        const orderIds = await this.claim(room);
        this.more = orderIds.length === room;
        for (const orderId of orderIds) this.start(orderId);
        if (!this.more) return;
      }
    } finally {
      this.claiming = false;
    }
  }

  /** Begins with no more, and returns once all that was begun is done. */
  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.running.values());
  }

  private room(): number {
    return AT_ONCE - this.running.size;
  }

  private start(orderId: string): void {
    // Where renewing came too late, it is under way here already.
    if (this.running.has(orderId)) return;
    const check = this.check(orderId).finally(() => {
      this.running.delete(orderId);
      if (this.more && this.room() >= AT_ONCE / 4) void this.refill();
    });
    this.running.set(orderId, check);
  }

  private async refill(): Promise<void> {
    try {
      await this.begin();
    } catch (error) {
      this.logger.error({ err: error }, 'Orders that are due could not be claimed; the next round will');
    }
  }

  private async check(orderId: string): Promise<void> {
    try {
      await this.lifecycle.check(orderId);
    } catch (error) {
      this.logger.error({ err: error, orderId }, 'An order could not be looked after; it is tried again');
    }
  }

  /** One that has just been done may be looked at once more for it, which changes nothing. */
  private async renew(): Promise<void> {
    if (this.running.size === 0) return;
    await this.orm.em.fork().execute(
      `update orders set check_at = now() + make_interval(secs => ?)
       where id = any (?::uuid[]) and check_at < now() + make_interval(secs => ?)`,
      [CLAIM_SECONDS.ending, `{${[...this.running.keys()].join(',')}}`, CLAIM_SECONDS.ending],
    );
  }

  /** Holds that are over come first: somebody waits for that inventory. */
  private async claim(most: number): Promise<string[]> {
    const rows = await this.orm.em.fork().execute<{ id: string }[]>(
      `update orders
       set check_at = case when status = 'PENDING' and payment_status = 'UNPAID'
         then least(now() + make_interval(secs => ?), greatest(expires_at, now() + make_interval(secs => ?)))
         else now() + make_interval(secs => ?) end
       where id in (
         select id from orders where check_at <= now()
         order by (status = 'PENDING' and payment_status = 'UNPAID' and expires_at <= now()) desc, check_at
         limit ? for update skip locked
       )
       returning id`,
      [CLAIM_SECONDS.routine, CLAIM_SECONDS.ending, CLAIM_SECONDS.routine, most],
    );
    return rows.map((row) => row.id);
  }
}
