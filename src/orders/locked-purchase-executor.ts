import type { Orm } from '../database/index.js';
import type { TicketLocks } from '../inventory/index.js';
import type { OrderPlacement, Purchase } from './order-placement.js';
import type { ExecutedPurchase, PurchaseExecutor } from './purchase-executor.js';

/** One hold of the locks and one transaction for each purchase. */
export class LockedPurchaseExecutor implements PurchaseExecutor {
  constructor(
    private readonly orm: Orm,
    private readonly locks: TicketLocks,
    private readonly placement: OrderPlacement,
  ) {}

  execute(purchase: Purchase): Promise<ExecutedPurchase> {
    const { showId, wanted } = purchase.request;
    const ticketIds = wanted.map((ticket) => ticket.ticketId);
    return this.locks.hold(showId, ticketIds, async (signal, lock) => {
      const placed = await this.orm.em.fork().transactional(async (em) => {
        const placed = await this.placement.place(em, purchase);
        // Whoever lost the locks must not commit on top of those who hold them now.
        signal.throwIfAborted();
        return placed;
      });
      return { ...placed, lock };
    });
  }
}
