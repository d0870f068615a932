/** What whoever holds locks may know about them. */
export interface LockTimes {
  /** How long they were waited for, in milliseconds; what the purchase's log line says. */
  readonly waitedMs: number;
  /** Whether work may be begun under them; false once others should have their turn. */
  goOn(): boolean;
}

export interface LockedTicket {
  readonly showId: number;
  readonly ticketId: number;
}

/**
 * Locks on tickets that shape contention: who holds them works undisturbed by others, but nothing
 * depends on it. PostgreSQL's conditional updates keep inventory true without any lock.
 */
export interface TicketLocks {
  /**
   * Takes the locks of all these tickets or of none, runs the work and releases them, whether it
   * succeeds or fails.
   *
   * @param waitMs how long to wait for them at most; LOCK_WAIT_MS unless given
   * @param work gets a signal that is aborted when the locks are lost; it must not commit after that
   * @throws AppError INVENTORY_BUSY with `retryAfterMs` when they could not be had in time
   */
  hold<Result>(
    tickets: readonly LockedTicket[],
    work: (signal: AbortSignal, times: LockTimes) => Promise<Result>,
    waitMs?: number,
  ): Promise<Result>;

  /** False while locks work in this process alone although several may be running. */
  readonly healthy: boolean;

  close(): Promise<void>;
}

/** All keys of a show are in one hash slot of a Redis Cluster (the part in braces decides). */
export function lockKey(showId: number, ticketId: number): string {
  return `lock:{show:${showId}}:ticket:${ticketId}`;
}

/** Sorted and without repetition, so that no two purchases wait for each other in a circle. */
export function lockKeys(tickets: readonly LockedTicket[]): string[] {
  const byId = new Map(tickets.map((ticket) => [ticket.ticketId, ticket]));
  return [...byId.values()]
    .sort((a, b) => a.ticketId - b.ticketId)
    .map(({ showId, ticketId }) => lockKey(showId, ticketId));
}
