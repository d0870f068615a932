import type { Orm } from '../database/index.js';
import { isAppError } from '../errors.js';
import { type InventoryStream, type LockTimes, PurchaseQueue, type TicketLocks } from '../inventory/index.js';
import type { Logger } from '../logging.js';
import type { Metrics } from '../metrics.js';
import type { OrderPlacement, Placement, Placements, Purchase } from './order-placement.js';
import type { ExecutedPurchase, PurchaseExecutor } from './purchase-executor.js';

type Waiting = { readonly work: Purchase; readonly waitedMs: number };

/** One hold of the locks and one transaction for everyone who waits. */
export class QueuedPurchaseExecutor implements PurchaseExecutor {
  private readonly queue: PurchaseQueue<Purchase, ExecutedPurchase>;

  constructor(
    private readonly orm: Orm,
    private readonly locks: TicketLocks,
    private readonly placement: OrderPlacement,
    private readonly inventory: InventoryStream,
    metrics: Metrics,
    private readonly logger: Logger,
    limits: { readonly waitMs: number },
  ) {
    this.queue = new PurchaseQueue((works) => this.carryOut(works), limits, metrics);
  }

  execute(purchase: Purchase, signal?: AbortSignal): Promise<ExecutedPurchase> {
    return this.queue.submit(purchase.request.showId, purchase, signal);
  }

  private async carryOut(batch: readonly Waiting[]): Promise<PromiseSettledResult<ExecutedPurchase>[]> {
    const shows = Map.groupBy(batch, (one) => one.work.request.showId);
    if (shows.size === 1) return this.ofOneShow(batch);
    try {
      return await this.together(batch, 0);
    } catch {
      // Whatever it was, a lock held elsewhere or a statement that failed, each show now goes its own way.
      const parts = [...shows.values()].map(async (part) => [part, await this.ofOneShow(part)] as const);
      const results = new Map<Waiting, PromiseSettledResult<ExecutedPurchase>>();
      for (const [part, settled] of await Promise.all(parts)) {
        part.forEach((one, index) => {
          results.set(one, settled[index] as PromiseSettledResult<ExecutedPurchase>);
        });
      }
      return batch.map((one) => results.get(one) as PromiseSettledResult<ExecutedPurchase>);
    }
  }

  /** One of many must not fail the others: what it was is found out by each going alone. */
  private async ofOneShow(batch: readonly Waiting[]): Promise<PromiseSettledResult<ExecutedPurchase>[]> {
    try {
      return await this.together(batch);
    } catch (reason) {
      const busy = isAppError(reason, 'INVENTORY_BUSY');
      if (batch.length === 1 || busy) return batch.map(() => ({ status: 'rejected', reason }));
      this.logger.warn(
        { err: reason, purchases: batch.length },
        'A batch failed; its purchases go one by one',
      );
      const results: PromiseSettledResult<ExecutedPurchase>[] = [];
      for (const one of batch) results.push(...(await this.ofOneShow([one])));
      return results;
    }
  }

  private async together(
    batch: readonly Waiting[],
    lockWaitMs?: number,
  ): Promise<PromiseSettledResult<ExecutedPurchase>[]> {
    const purchases = batch.map((one) => one.work);
    const { placements, tickets, waitedMs } = await this.underLocks(purchases, lockWaitMs);
    this.inventory.publish(tickets);
    return placements.map((placement, index) => settled(placement, (batch[index]?.waitedMs ?? 0) + waitedMs));
  }

  private underLocks(
    purchases: readonly Purchase[],
    lockWaitMs: number | undefined,
  ): Promise<Placements & LockTimes> {
    const tickets = purchases.flatMap(({ request }) =>
      request.wanted.map(({ ticketId }) => ({ showId: request.showId, ticketId })),
    );
    const work = async (signal: AbortSignal, lock: LockTimes) => {
      const placements = await this.orm.em.fork().transactional(async (em) => {
        const placements = await this.placement.placeAll(em, purchases);
        // Whoever lost the locks must not commit on top of those who hold them now.
        signal.throwIfAborted();
        return placements;
      });
      return { ...placements, waitedMs: lock.waitedMs };
    };
    return this.locks.hold(tickets, work, lockWaitMs);
  }
}

function settled(placement: Placement, waitedMs: number): PromiseSettledResult<ExecutedPurchase> {
  switch (placement.kind) {
    case 'refused':
      return { status: 'rejected', reason: placement.error };
    case 'known':
      return { status: 'fulfilled', value: { kind: 'known', orderId: placement.orderId } };
    case 'placed':
      return { status: 'fulfilled', value: { kind: 'placed', placed: placement.placed, waitedMs } };
  }
}
