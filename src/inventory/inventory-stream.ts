import type { Orm } from '../database/index.js';
import type { Logger } from '../logging.js';
import type { Metrics } from '../metrics.js';
import type { InventoryCounters } from './counters.js';
import type { EventBus } from './event-bus.js';
import { channelOf, countersOf, type InventoryMessage, readMessage } from './inventory-message.js';
import { ticketInventory } from './inventory-update.js';
import { FeedSubscription } from './shared-feed.js';
import { ShowFeed } from './show-feed.js';
import type { TicketRow } from './ticket-row.js';
import { nextStatusChange } from './ticket-status.js';

/** The longest delay that a timer takes, in milliseconds. */
const LONGEST_TIMER_MS = 2_147_483_647;
/**
 * How often what is watched is compared with the database, in milliseconds. Whoever changes inventory may die between
 * its commit and telling of it, never learn that it has committed, or tell while Redis is away: then nobody else tells.
 */
const VERIFY_MS = 5_000;
/** Compared by one statement; between two, the event loop has a turn. */
const VERIFIED_AT_ONCE = 500;

interface Watched {
  /** How many watch, or are about to. */
  count: number;
  readonly feed: ShowFeed;
  readonly ready: Promise<void>;
  stop: () => void;
  /** One of them has left. */
  readonly leave: () => void;
  clock: NodeJS.Timeout | undefined;
  /** The reading for newcomers that is under way, or was last. */
  refreshing: Promise<void>;
  /** The one that comes after it. */
  nextRefresh: Promise<void> | undefined;
}

/** How the inventory of shows moves: told by whoever changed it, heard by whoever watches, in any process. */
export class InventoryStream {
  private readonly shows = new Map<number, Watched>();
  private readonly stopListening: () => void;
  private readonly verifying: NodeJS.Timeout;
  private isVerifying = false;

  constructor(
    private readonly orm: Orm,
    private readonly bus: EventBus,
    private readonly counters: InventoryCounters,
    private readonly metrics: Metrics,
    private readonly logger: Logger,
  ) {
    this.stopListening = bus.onGap(() => this.reloadAll());
    this.verifying = setInterval(() => void this.verify(), VERIFY_MS);
    this.verifying.unref();
  }

  /** Tells every process, after the commit that changed these tickets. Never throws and never waits. */
  publish(rows: readonly TicketRow[]): void {
    const byShow = Map.groupBy(rows, (row) => row.showId);
    for (const [showId, tickets] of byShow) this.send(showId, tickets, false);
  }

  /** Reads the whole show and tells every process; for what changes more than counters. */
  async publishShow(showId: number): Promise<void> {
    this.send(showId, await this.counters.ofShows(this.orm.em.fork(), [showId]), true);
  }

  /** @returns once the whole show is known; what changes is news at most every 50 ms */
  async subscribe(showId: number): Promise<FeedSubscription> {
    const watched = this.shows.get(showId) ?? this.watch(showId);
    watched.count += 1;
    this.metrics.subscribers.inc({ field: 'inventoryChanged' });
    try {
      await watched.ready;
      // What others sold is not heard of now, so who comes is told what the database says.
      if (!this.bus.healthy) await this.refresh(showId, watched);
    } catch (error) {
      watched.leave();
      throw error;
    }
    // Everybody else may have left, and the feed with them, while this one waited.
    if (this.shows.get(showId) !== watched) {
      watched.leave();
      return this.subscribe(showId);
    }
    return new FeedSubscription(watched.feed, watched.leave);
  }

  close(): void {
    clearInterval(this.verifying);
    this.stopListening();
    for (const watched of this.shows.values()) {
      clearTimeout(watched.clock);
      watched.feed.close();
    }
  }

  private watch(showId: number): Watched {
    const feed = new ShowFeed(showId);
    const watched: Watched = {
      count: 0,
      feed,
      ready: Promise.resolve().then(async () => {
        // Listening comes before reading: what changes in between is then heard.
        watched.stop = await this.bus.subscribe(channelOf(showId), (text) => {
          const message = readMessage(text);
          feed.merge(message.tickets);
          if (message.terms) void this.reloadOrLog(showId, watched, 'news');
        });
        await this.reload(showId, watched, 'news');
      }),
      stop: () => {},
      leave: () => this.leave(showId, watched),
      clock: undefined,
      refreshing: Promise.resolve(),
      nextRefresh: undefined,
    };
    this.shows.set(showId, watched);
    watched.ready.catch(() => this.shows.delete(showId));
    return watched;
  }

  private send(showId: number, rows: readonly TicketRow[], terms: boolean): void {
    const now = new Date();
    const message: InventoryMessage = {
      tickets: rows.map((row) => ticketInventory(row, now)),
      counters: rows.map(countersOf),
      terms,
    };
    this.bus.publish(channelOf(showId), JSON.stringify(message));
  }

  private async reload(showId: number, watched: Watched, tell: 'everything' | 'news'): Promise<void> {
    const rows = await this.counters.ofShows(this.orm.em.fork(), [showId]);
    this.tell(showId, watched, rows, tell);
  }

  private tell(
    showId: number,
    watched: Watched,
    rows: readonly TicketRow[],
    tell: 'everything' | 'news',
  ): void {
    const now = new Date();
    watched.feed.replace(
      rows.map((row) => ticketInventory(row, now)),
      tell,
    );
    this.waitForTheClock(showId, watched, rows);
  }

  /** One statement for all shows that are watched here. */
  private async verify(): Promise<void> {
    if (this.isVerifying || this.shows.size === 0) return;
    this.isVerifying = true;
    try {
      const showIds = [...this.shows.keys()];
      for (let from = 0; from < showIds.length; from += VERIFIED_AT_ONCE) {
        await this.verifyShows(showIds.slice(from, from + VERIFIED_AT_ONCE));
      }
    } catch (error) {
      this.logger.warn({ err: error }, 'What is watched could not be compared with the database');
    } finally {
      this.isVerifying = false;
    }
  }

  private async verifyShows(showIds: readonly number[]): Promise<void> {
    const rows = await this.counters.ofShows(this.orm.em.fork(), showIds);
    for (const [showId, tickets] of Map.groupBy(rows, (row) => row.showId)) {
      const watched = this.shows.get(showId);
      if (watched !== undefined) this.tell(showId, watched, tickets, 'news');
    }
  }

  /** Everyone who asks while the show is being read is served by the next reading, together. */
  private refresh(showId: number, watched: Watched): Promise<void> {
    watched.nextRefresh ??= watched.refreshing
      .catch(() => {})
      .then(() => {
        watched.nextRefresh = undefined;
        watched.refreshing = this.reload(showId, watched, 'news');
        return watched.refreshing;
      });
    return watched.nextRefresh;
  }

  /** Sales open and end without any purchase; whoever watches is told at that instant. */
  private waitForTheClock(showId: number, watched: Watched, rows: readonly TicketRow[]): void {
    clearTimeout(watched.clock);
    const now = new Date();
    const instants = rows
      .map((row) => nextStatusChange(row, now)?.getTime())
      .filter((at) => at !== undefined);
    if (instants.length === 0 || this.shows.get(showId) !== watched) return;
    const wait = Math.min(Math.max(Math.min(...instants) - now.getTime(), 0) + 1, LONGEST_TIMER_MS);
    watched.clock = setTimeout(() => this.reloadOrLog(showId, watched, 'news'), wait);
    watched.clock.unref();
  }

  private reloadAll(): void {
    for (const [showId, watched] of this.shows) void this.reloadOrLog(showId, watched, 'everything');
  }

  private async reloadOrLog(showId: number, watched: Watched, tell: 'everything' | 'news'): Promise<void> {
    try {
      await this.reload(showId, watched, tell);
    } catch (error) {
      this.logger.error({ err: error, showId }, 'The inventory of a watched show could not be read again');
      clearTimeout(watched.clock);
      watched.clock = setTimeout(() => this.reloadOrLog(showId, watched, tell), 1_000);
      watched.clock.unref();
    }
  }

  private leave(showId: number, watched: Watched): void {
    this.metrics.subscribers.dec({ field: 'inventoryChanged' });
    watched.count -= 1;
    if (watched.count > 0) return;
    clearTimeout(watched.clock);
    watched.stop();
    watched.feed.close();
    if (this.shows.get(showId) === watched) this.shows.delete(showId);
  }
}
