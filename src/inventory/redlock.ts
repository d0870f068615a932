import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import Redlock, { ExecutionError, type Lock, ResourceLockedError } from 'redlock';
import type { Logger } from '../logging.js';
import type { Metrics } from '../metrics.js';
import type { EventBus } from './event-bus.js';
import { type InProcessTicketLocks, inventoryBusy } from './in-process-locks.js';
import { type LockedTicket, type LockTimes, lockKeys, type TicketLocks } from './locks.js';
import { type Turn, Turns } from './turns.js';

/** No lock outlives this, however often it is extended; in milliseconds. */
const LONGEST_HOLD_MS = 120_000;
/** While Redis is away, how often it is asked whether it is back; in milliseconds. */
const ASK_AGAIN_MS = 1_000;

type Attempt = { readonly lock: Lock } | 'contended' | 'unavailable';

/**
 * Redlock on every ticket of a purchase, behind a queue of this process: only its head asks Redis.
 * Where Redis cannot be had, purchases go on with PostgreSQL's row locks alone, loudly.
 *
 * The library's own retries are off: they neither tell a lock held by another from a dead Redis,
 * nor refuse a lock whose life was spent while waiting for it.
 */
export class RedlockTicketLocks implements TicketLocks {
  private readonly redlock: Redlock;
  private readonly turns: Turns;
  /** Runs while Redis is away. */
  private asking: NodeJS.Timeout | undefined;

  constructor(
    private readonly nodes: readonly Redis[],
    private readonly queue: InProcessTicketLocks,
    private readonly limits: { readonly ttlMs: number; readonly waitMs: number },
    bus: EventBus,
    private readonly metrics: Metrics,
    private readonly logger: Logger,
  ) {
    this.redlock = new Redlock([...nodes], { retryCount: 0, automaticExtensionThreshold: 0 });
    this.turns = new Turns(nodes[0] as Redis, bus);
    this.metrics.redisAvailable.set({ use: 'locks' }, 1);
  }

  get healthy(): boolean {
    return (
      this.asking === undefined &&
      this.nodes.filter((node) => node.status === 'ready').length > this.nodes.length / 2
    );
  }

  async hold<Result>(
    tickets: readonly LockedTicket[],
    work: (signal: AbortSignal, times: LockTimes) => Promise<Result>,
    waitMs = this.limits.waitMs,
  ): Promise<Result> {
    const started = performance.now();
    const keys = lockKeys(tickets);
    const showIds = [...new Set(tickets.map((ticket) => ticket.showId))];
    const leaveQueue = await this.queue.acquire(keys, waitMs);
    let turn: Turn | undefined;
    try {
      const lock = await this.acquire(keys, showIds, started + waitMs);
      const acquired = performance.now();
      this.metrics.lockWait.observe((acquired - started) / 1000);
      turn = this.turns.begin(showIds);
      const times = { waitedMs: Math.round(acquired - started), goOn: turn.goOn };
      try {
        return await (lock ? this.whileHeld(lock, times, work) : work(new AbortController().signal, times));
      } finally {
        this.metrics.lockHold.observe((performance.now() - acquired) / 1000);
      }
    } finally {
      // Whoever was served need not wait until others have had their turn.
      if (turn === undefined) leaveQueue();
      else void turn.end().finally(leaveQueue);
    }
  }

  async close(): Promise<void> {
    clearInterval(this.asking);
    for (const node of this.nodes) node.disconnect();
  }

  /** @returns undefined where Redis cannot be had, and PostgreSQL has to do alone */
  private async acquire(
    keys: string[],
    showIds: readonly number[],
    deadline: number,
  ): Promise<Lock | undefined> {
    for (;;) {
      if (this.asking !== undefined) return undefined;
      const attempt = await this.attempt(keys);
      if (attempt === 'unavailable') return this.goOnWithout();
      if (attempt !== 'contended') return attempt.lock;
      this.metrics.lockContention.inc();
      this.turns.wish(showIds);
      const remaining = deadline - performance.now();
      if (remaining <= 0) {
        this.metrics.lockFailures.inc({ reason: 'timeout' });
        throw inventoryBusy();
      }
      await this.turns.untilFree(showIds, Math.min(remaining, jittered()));
    }
  }

  private async attempt(keys: string[]): Promise<Attempt> {
    try {
      const lock = await this.redlock.acquire(keys, this.limits.ttlMs);
      // The quorum may have been slow to come: a lock about to end protects nothing.
      if (lock.expiration - Date.now() >= this.limits.ttlMs / 2) return { lock };
      await this.release(lock);
      return 'contended';
    } catch (error) {
      return (await isHeldByAnother(error)) ? 'contended' : 'unavailable';
    }
  }

  private async whileHeld<Result>(
    acquired: Lock,
    times: LockTimes,
    work: (signal: AbortSignal, times: LockTimes) => Promise<Result>,
  ): Promise<Result> {
    const controller = new AbortController();
    const longestUntil = Date.now() + LONGEST_HOLD_MS;
    let lock = acquired;
    let extending: Promise<void> = Promise.resolve();
    const timer = setInterval(() => {
      extending = this.extend(lock, longestUntil).then(
        (extended) => {
          lock = extended;
        },
        (error: unknown) => {
          clearInterval(timer);
          this.metrics.lockFailures.inc({ reason: 'lost' });
          this.logger.error({ err: error, keys: lock.resources }, 'A lock was lost while it was held');
          controller.abort(inventoryBusy());
        },
      );
    }, this.limits.ttlMs / 3);
    try {
      return await work(controller.signal, times);
    } finally {
      clearInterval(timer);
      await extending;
      await this.release(lock);
    }
  }

  private async extend(lock: Lock, longestUntil: number): Promise<Lock> {
    const lifetime = Math.min(this.limits.ttlMs, longestUntil - Date.now());
    if (lifetime <= 0) throw new Error(`A lock may not be held for longer than ${LONGEST_HOLD_MS} ms`);
    return lock.extend(lifetime);
  }

  /** Never throws: what the work committed stands, and the lock ends by itself. */
  private async release(lock: Lock): Promise<void> {
    try {
      await lock.release();
    } catch (error) {
      this.metrics.lockFailures.inc({ reason: 'release' });
      this.logger.warn({ err: error, keys: lock.resources }, 'A lock could not be released and will expire');
    }
  }

  private goOnWithout(): undefined {
    this.metrics.lockFailures.inc({ reason: 'unavailable' });
    if (this.asking !== undefined) return undefined;
    this.logger.error('Redis does not answer: selling goes on with the row locks of PostgreSQL alone');
    this.metrics.redisAvailable.set({ use: 'locks' }, 0);
    this.asking = setInterval(() => void this.askAgain(), ASK_AGAIN_MS);
    this.asking.unref();
    return undefined;
  }

  /** With a lock that nobody else wants, so that no purchase has to wait to find out. */
  private async askAgain(): Promise<void> {
    try {
      const lock = await this.redlock.acquire([`lock:{probe}:${randomUUID()}`], ASK_AGAIN_MS);
      await this.release(lock);
    } catch {
      return;
    }
    clearInterval(this.asking);
    this.asking = undefined;
    this.metrics.redisAvailable.set({ use: 'locks' }, 1);
    this.logger.info('Redis answers again: purchases take their locks there');
  }
}

/** Whether a quorum of the nodes answered, so that it was another's lock that stood in the way. */
async function isHeldByAnother(error: unknown): Promise<boolean> {
  if (!(error instanceof ExecutionError)) return false;
  const stats = await error.attempts.at(-1);
  if (stats === undefined) return false;
  const against = [...stats.votesAgainst.values()];
  const locked = against.filter((vote) => vote instanceof ResourceLockedError).length;
  return locked > 0 && locked + stats.votesFor.size >= stats.quorumSize;
}

/**
 * Milliseconds between two tries where nobody tells; spread, so that those who wait do not ask in step. One that fails
 * costs more than a purchase, and who waits is told of almost every release.
 */
function jittered(): number {
  return 25 + Math.random() * 25;
}
