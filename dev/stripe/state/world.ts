import type { EventLog } from './event-log.js';
import type { Store } from './store.js';

/** What every endpoint and every action works on. */
export interface World {
  /** Replaced as a whole by a reset. */
  store: Store;
  readonly events: EventLog;
  /** Where buyers and producers find the pages, without a slash at the end. */
  readonly publicUrl: string;
  readonly secretKey: string;
  readonly settings: Settings;
}

/** What the control surface switches, beyond the objects themselves. */
export interface Settings {
  /** New refunds stay `pending` until they are settled by hand, as those to bank accounts do. */
  refundsPending: boolean;
}

/** Seconds since the epoch, as all of Stripe's timestamps are. */
export function now(): number {
  return Math.floor(Date.now() / 1000);
}
