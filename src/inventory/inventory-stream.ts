import type { Orm } from '../database/index.js';
import type { Logger } from '../logging.js';
import type { Metrics } from '../metrics.js';
import type { InventoryCounters } from './counters.js';
import type { EventBus } from './event-bus.js';
import { type InventoryUpdate, type TicketInventory, ticketInventory } from './inventory-update.js';
import { ShowFeed } from './show-feed.js';
import type { TicketRow } from './ticket-row.js';
import { nextStatusChange } from './ticket-status.js';

/** The longest delay that a timer takes, in milliseconds. */
const LONGEST_TIMER_MS = 2_147_483_647;

interface Watched {
  readonly feed: ShowFeed;
  readonly ready: Promise<void>;
  stop: () => void;
  clock: NodeJS.Timeout | undefined;
}

/** How the inventory of shows moves: told by whoever changed it, heard by whoever watches, in any process. */
export class InventoryStream {
  private readonly shows = new Map<number, Watched>();
  private readonly stopListening: () => void;

  constructor(
    private readonly orm: Orm,
    private readonly bus: EventBus,
    private readonly counters: InventoryCounters,
    private readonly metrics: Metrics,
    private readonly logger: Logger,
  ) {
    this.stopListening = bus.onGap(() => this.reloadAll());
  }

  /** Tells every process, after the commit that changed these tickets. Never throws and never waits. */
  publish(rows: readonly TicketRow[]): void {
    const now = new Date();
    const byShow = Map.groupBy(rows, (row) => row.showId);
    for (const [showId, tickets] of byShow) {
      const message = { showId, tickets: tickets.map((row) => ticketInventory(row, now)) };
      this.bus.publish(channelOf(showId), JSON.stringify(message));
    }
  }

  /** Reads the whole show and tells every process; for what changes more than counters. */
  async publishShow(showId: number): Promise<void> {
    this.publish(await this.counters.ofShow(this.orm.em.fork(), showId));
  }

  /** First the whole show, then what changed, at most every 50 ms; a slow reader gets the newest state. */
  async subscribe(showId: number): Promise<AsyncIterableIterator<InventoryUpdate>> {
    const watched = this.shows.get(showId) ?? this.watch(showId);
    this.metrics.subscribers.inc({ field: 'inventoryChanged' });
    const leave = () => {
      this.metrics.subscribers.dec({ field: 'inventoryChanged' });
      this.forgetIfUnwatched(showId, watched);
    };
    try {
      await watched.ready;
    } catch (error) {
      leave();
      throw error;
    }
    return watched.feed.subscribe(leave);
  }

  close(): void {
    this.stopListening();
    for (const watched of this.shows.values()) {
      clearTimeout(watched.clock);
      watched.feed.close();
    }
  }

  private watch(showId: number): Watched {
    const feed = new ShowFeed(showId);
    const watched: Watched = {
      feed,
      ready: Promise.resolve().then(async () => {
        // Listening comes before reading: what changes in between is then heard.
        watched.stop = await this.bus.subscribe(channelOf(showId), (message) => {
          feed.merge((JSON.parse(message) as { tickets: TicketInventory[] }).tickets);
        });
        await this.reload(showId, watched);
      }),
      stop: () => {},
      clock: undefined,
    };
    this.shows.set(showId, watched);
    watched.ready.catch(() => this.shows.delete(showId));
    return watched;
  }

  private async reload(showId: number, watched: Watched): Promise<void> {
    const rows = await this.counters.ofShow(this.orm.em.fork(), showId);
    const now = new Date();
    watched.feed.replace(rows.map((row) => ticketInventory(row, now)));
    this.waitForTheClock(showId, watched, rows);
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
    watched.clock = setTimeout(() => this.reloadOrLog(showId, watched), wait);
    watched.clock.unref();
  }

  private reloadAll(): void {
    for (const [showId, watched] of this.shows) void this.reloadOrLog(showId, watched);
  }

  private async reloadOrLog(showId: number, watched: Watched): Promise<void> {
    try {
      await this.reload(showId, watched);
    } catch (error) {
      this.logger.error({ err: error, showId }, 'The inventory of a watched show could not be read again');
      clearTimeout(watched.clock);
      watched.clock = setTimeout(() => this.reloadOrLog(showId, watched), 1_000);
      watched.clock.unref();
    }
  }

  private forgetIfUnwatched(showId: number, watched: Watched): void {
    if (watched.feed.size > 0) return;
    clearTimeout(watched.clock);
    watched.stop();
    watched.feed.close();
    if (this.shows.get(showId) === watched) this.shows.delete(showId);
  }
}

function channelOf(showId: number): string {
  return `inventory:${showId}`;
}
