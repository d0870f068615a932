import type { TicketRow } from '../inventory/index.js';
import type { OrderStatus } from './order.entity.js';

/** What settling an order came to, inside a transaction that is not yet committed. */
export interface Settled {
  /** `refused`: on purpose, because something does not fit; a human has to look. */
  readonly outcome: 'applied' | 'ignored' | 'refused';
  /** Tickets whose counters moved, as they stand now. */
  readonly tickets: readonly TicketRow[];
  /** What the order has become; absent where its status stayed as it was. */
  readonly status?: OrderStatus;
}

export const UNCHANGED: Settled = { outcome: 'ignored', tickets: [] };
