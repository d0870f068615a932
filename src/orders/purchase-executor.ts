import type { LockTimes } from '../inventory/index.js';
import type { PlacedOrder, Purchase } from './order-placement.js';

export interface ExecutedPurchase extends PlacedOrder {
  readonly lock: LockTimes;
}

/** Carries purchases out: one by one under their locks, or many in one hold of them. */
export interface PurchaseExecutor {
  /**
   * Returns once the order is committed and the locks are released.
   *
   * @throws AppError INVENTORY_BUSY, or what the purchase itself lacks; nothing is left behind then
   */
  execute(purchase: Purchase): Promise<ExecutedPurchase>;
}
