import type { LatencyCounts } from '../support/latencies.js';
import type { Extent, Habit } from './plan.js';

/** What a process of the crowd is told to do. Instants are milliseconds since the epoch. */
export type CrowdJob =
  | PlayJob
  /** Nobody waits any longer for tickets to come back. */
  | { readonly kind: 'sold out' }
  | SettleJob;

export interface PlayJob {
  readonly kind: 'play';
  readonly extent: Extent;
  /**
   * All who buy; or of those who watch, everybody whose index leaves this rest when divided by the number of
   * processes. Who watches gets so many messages that a process full of them is late for everything else.
   */
  readonly share: 'buyers' | { readonly rest: number; readonly processes: number };
  readonly proxies: readonly string[];
  /** Its tickets come in the order of the plan's kinds. */
  readonly showId: string;
  readonly firstArrival: number;
  /** When whoever still wants something goes home. */
  readonly end: number;
}

/** Waits until all who watch know this, and then lets them go. */
export interface SettleJob {
  readonly kind: 'settle';
  readonly tickets: readonly TicketState[];
  readonly patienceMs: number;
}

export interface TicketState {
  readonly ticketId: string;
  readonly available: number;
  readonly status: string;
}

export type CrowdResult = PlayResult | SettleResult | { readonly kind: 'sold out' };

export interface PlayResult {
  readonly kind: 'play';
  /** Of what succeeded, by operation. */
  readonly latencies: Readonly<Record<string, LatencyCounts>>;
  /** Failures by operation and code, as `purchaseTickets SOLD_OUT`. */
  readonly errors: Readonly<Record<string, number>>;
  readonly arrivals: number;
  /** How buyers ended, by habit and ending. */
  readonly endings: readonly Ending[];
  readonly paid: readonly PaidOrder[];
  /** Sentences about what must never happen. */
  readonly violations: readonly string[];
  /** Milliseconds by which the load itself was late. */
  readonly lag: { readonly p99: number; readonly longest: number };
}

export interface Ending {
  readonly habit: Habit;
  readonly ending: string;
  readonly count: number;
}

/** What Stripe has taken money for. */
export interface PaidOrder {
  readonly orderId: string;
  readonly quantity: number;
}

export interface SettleResult {
  readonly kind: 'settle';
  readonly watching: number;
  /** How many still believed something else at the end. */
  readonly wrong: number;
  readonly example: string | undefined;
  /** Messages after the first one of each subscription. */
  readonly deliveries: number;
  /** Changes that these messages told of: each version of a ticket is one. */
  readonly changes: number;
  /** From `sentAt` to arrival. */
  readonly sinceSent: LatencyCounts;
  readonly arrivals: readonly Arrivals[];
}

/** When a state, wherever it came from, arrived; for comparing with when it was committed. */
export interface Arrivals {
  readonly versions: readonly (readonly [ticketId: string, version: number])[];
  readonly at: readonly (readonly [instant: number, count: number])[];
}
