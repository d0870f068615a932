import type { PlacedOrder, Purchase } from './order-placement.js';

export type ExecutedPurchase =
  | {
      readonly kind: 'placed';
      readonly placed: PlacedOrder;
      /** Milliseconds spent waiting for a turn and for the locks. */
      readonly waitedMs: number;
    }
  /** Made before, by the idempotency key or by an attempt whose outcome was not heard of. */
  | { readonly kind: 'known'; readonly orderId: string };

/** Carries purchases out: one by one under their locks, or many in one hold of them. */
export interface PurchaseExecutor {
  /**
   * Returns once the order is committed, the locks are released and the inventory is announced.
   *
   * @param signal aborted when nobody waits for the answer any more
   * @throws AppError INVENTORY_BUSY, or what the purchase itself lacks; nothing is left behind then
   */
  execute(purchase: Purchase, signal?: AbortSignal): Promise<ExecutedPurchase>;
}
