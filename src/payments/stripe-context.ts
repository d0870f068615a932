import { AsyncLocalStorage } from 'node:async_hooks';

/** On whose account Stripe is asked: somebody waits for the answer, or nobody does. */
export type StripePriority = 'buyer' | 'background';

interface StripeContext {
  readonly priority: StripePriority;
  /** Milliseconds since the epoch. */
  readonly deadline: number;
}

const storage = new AsyncLocalStorage<StripeContext>();
const DEFAULT: StripeContext = { priority: 'buyer', deadline: Number.POSITIVE_INFINITY };

export function stripeContext(): StripeContext {
  return storage.getStore() ?? DEFAULT;
}

/** All calls to Stripe that this work makes let those go first that somebody waits for. */
export function inBackground<Result>(work: () => Promise<Result>): Promise<Result> {
  return storage.run({ ...stripeContext(), priority: 'background' }, work);
}

/**
 * All calls to Stripe that this work makes, one after the other, are over by then.
 *
 * @param deadline milliseconds since the epoch
 */
export function withinDeadline<Result>(deadline: number, work: () => Promise<Result>): Promise<Result> {
  return storage.run({ ...stripeContext(), deadline }, work);
}
