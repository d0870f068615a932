/** How long locks were waited for and held, in milliseconds; what the purchase's log line says. */
export interface LockTimes {
  readonly waitedMs: number;
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
   * @param work gets a signal that is aborted when the locks are lost; it must not commit after that
   * @throws AppError INVENTORY_BUSY with `retryAfterMs` when they could not be had in time
   */
  hold<Result>(
    showId: number,
    ticketIds: readonly number[],
    work: (signal: AbortSignal, times: LockTimes) => Promise<Result>,
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
export function lockKeys(showId: number, ticketIds: readonly number[]): string[] {
  return [...new Set(ticketIds)].sort((a, b) => a - b).map((ticketId) => lockKey(showId, ticketId));
}
