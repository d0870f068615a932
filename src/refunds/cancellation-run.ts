import type { EntityManager } from '@mikro-orm/postgresql';
import { databaseNow, type Orm } from '../database/index.js';
import { isAppError } from '../errors.js';
import type { Logger } from '../logging.js';
import { Order, OrderStatus, PaymentStatus } from '../orders/entities.js';
import type { OrderLifecycle } from '../orders/index.js';
import { areSomeFrozen, countAffected, nextAffected } from './affected-orders.js';
import { RefundReason } from './refund.entity.js';
import type { RefundService } from './refund.service.js';
import { CancellationStatus, ShowCancellation } from './show-cancellation.entity.js';

/** How many orders go between two notes of how far it has got, and how many of them are at Stripe at once. */
const SLICE = 9;
const AT_ONCE = 3;
/** Milliseconds until another process may go on: longer than a slice takes while Stripe answers nothing. */
const LEASE_MS = 2 * 60_000;
/** Milliseconds until orders are tried again that could not be done: being paid, or Stripe cannot be reached. */
const AGAIN_MS = 20_000;
/** A purchase that had begun when the show was called off is made by then; in milliseconds. */
const STRAGGLERS_MS = 60_000;
const FROZEN_MS = 60 * 60_000;

/**
 * Goes through the orders of shows that were called off: ends those that are pending, and gives back what the others
 * have paid. What is left to do is read from the orders themselves, so that it can be cut off anywhere.
 */
export class CancellationRun {
  private stopped = false;

  constructor(
    private readonly orm: Orm,
    private readonly lifecycle: OrderLifecycle,
    private readonly refunds: RefundService,
    private readonly logger: Logger,
  ) {}

  /** Goes on with one show that was called off, if one is due. */
  async run(): Promise<void> {
    const cancellation = await this.claim();
    if (cancellation === null) return;
    let after: string | null = null;
    while (!this.stopped) {
      const slice = await nextAffected(this.orm.em.fork(), cancellation.showId, after, SLICE);
      if (slice.length === 0) return this.finishRound(cancellation);
      await this.work(cancellation, slice);
      await this.note(cancellation.showId);
      after = slice.at(-1) ?? null;
    }
    // Whoever starts next need not wait for the lease to end.
    const { showId } = cancellation;
    const em = this.orm.em.fork();
    await em.nativeUpdate(ShowCancellation, { showId }, { checkAt: await databaseNow(em) });
  }

  stop(): void {
    this.stopped = true;
  }

  private async work(cancellation: ShowCancellation, orderIds: readonly string[]): Promise<void> {
    const waiting = [...orderIds];
    const worker = async () => {
      for (let next = waiting.shift(); next !== undefined && !this.stopped; next = waiting.shift()) {
        await this.giveBack(cancellation, next);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  }

  private async giveBack(cancellation: ShowCancellation, orderId: string): Promise<void> {
    try {
      if ((await this.ended(orderId)) !== OrderStatus.CONFIRMED) return;
      await this.refunds.carryOut(
        {
          orderId,
          choice: { kind: 'everything' },
          reason: RefundReason.SHOW_CANCELLED,
          note: cancellation.reason,
          restock: false,
          idempotencyKey: null,
          inputHash: '',
        },
        cancellation.requestedBy,
      );
    } catch (error) {
      // Somebody else was faster, or its payment is disputed.
      if (isAppError(error, 'CONFLICT')) return;
      this.logger.error(
        { err: error, orderId, showId: cancellation.showId },
        'An order of a show that was called off could not be given back; it is tried again',
      );
    }
  }

  /** Ends an order that is pending, and says what it has become: its buyer may have paid in this very moment. */
  private async ended(orderId: string): Promise<OrderStatus> {
    const order = await this.orm.em.fork().findOneOrFail(Order, { id: orderId });
    if (order.status !== OrderStatus.PENDING || order.paymentStatus === PaymentStatus.PROCESSING) {
      return order.status;
    }
    try {
      await this.lifecycle.cancel(order);
    } catch (error) {
      if (!isAppError(error, 'CONFLICT')) throw error;
    }
    return (await this.orm.em.fork().findOneOrFail(Order, { id: orderId })).status;
  }

  private async claim(): Promise<ShowCancellation | null> {
    const em = this.orm.em.fork();
    const [row] = await em.execute<{ show_id: number }[]>(
      `update show_cancellation set check_at = ? where show_id in (
         select show_id from show_cancellation where check_at <= now() order by check_at limit 1
         for update skip locked)
       returning show_id`,
      [await afterNow(em, LEASE_MS)],
    );
    return row === undefined ? null : em.findOneOrFail(ShowCancellation, { showId: row.show_id });
  }

  /** Says how far it has got, and keeps others away for as long as the next slice may take. */
  private async note(showId: number): Promise<void> {
    const em = this.orm.em.fork();
    const left = await countAffected(em, showId);
    await em.execute(
      `update show_cancellation set orders_total = greatest(orders_total, ?),
         orders_done = greatest(orders_total, ?) - ?, check_at = ? where show_id = ?`,
      [left, left, left, await afterNow(em, LEASE_MS), showId],
    );
  }

  private async finishRound(cancellation: ShowCancellation): Promise<void> {
    const { showId, startedAt } = cancellation;
    await this.note(showId);
    const em = this.orm.em.fork();
    if ((await countAffected(em, showId)) > 0) {
      await em.nativeUpdate(ShowCancellation, { showId }, { checkAt: await afterNow(em, AGAIN_MS) });
      return;
    }
    await em.execute(
      `update show_cancellation set status = ?, check_at = ?, finished_at = coalesce(finished_at, now())
       where show_id = ?`,
      [CancellationStatus.DONE, await lookAgainAt(this.orm, showId, startedAt), showId],
    );
    this.logger.info({ showId }, 'All orders of a show that was called off have been given back');
  }
}

/** Null once nothing can come any more. */
async function lookAgainAt(orm: Orm, showId: number, startedAt: Date): Promise<Date | null> {
  const em = orm.em.fork();
  const stragglers = new Date(startedAt.getTime() + STRAGGLERS_MS);
  if ((await databaseNow(em)) < stragglers) return stragglers;
  return (await areSomeFrozen(em, showId)) ? afterNow(em, FROZEN_MS) : null;
}

/** By PostgreSQL's clock, as whoever looks for what is due. */
async function afterNow(em: EntityManager, milliseconds: number): Promise<Date> {
  return new Date((await databaseNow(em)).getTime() + milliseconds);
}
