import { LRUCache } from 'lru-cache';
import { type Orm, oneAtATime } from '../database/index.js';
import { type EventBus, type InventoryMessage, listenToInventory } from '../inventory/index.js';
import type { Logger } from '../logging.js';
import type { Metrics } from '../metrics.js';
import { digest, hydrate } from './published-hydration.js';
import { type PublishedRow, readPublished, readRevisions, readShowOfTicket } from './published-rows.js';
import type { PublishedShow } from './published-show.js';
import { Upkeep } from './upkeep.js';

/** Bytes, roughly: some 20,000 shows of usual size. */
const MOST_BYTES = 64 * 1024 * 1024;

type Message = Pick<InventoryMessage, 'counters' | 'terms'>;

/**
 * The public shows that are read, in memory, with all that is told of them. Messages keep them current, and
 * what a message did not say is found by asking the database: nothing is told that it has not confirmed
 * within the last second.
 */
export class PublishedShows {
  private readonly shows = new LRUCache<number, PublishedShow>({
    maxSize: MOST_BYTES,
    sizeCalculation: (show) => show.size,
    dispose: (show) => this.forget(show),
  });
  private readonly byTicket = new Map<number, PublishedShow>();
  private readonly loader = oneAtATime<number, PublishedShow | undefined>((showIds) => this.load(showIds));
  /** What was heard while a statement was under way, whose answer may be older. */
  private heard: { readonly showId: number; readonly message: Message }[] = [];
  private isLoading = false;
  /** When messages may have been missed, by performance.now(). */
  private gapAt = Number.NEGATIVE_INFINITY;
  private readonly upkeep: Upkeep;
  private readonly stopListening: readonly (() => void)[];

  constructor(
    private readonly orm: Orm,
    bus: EventBus,
    private readonly metrics: Metrics,
    logger: Logger,
  ) {
    this.upkeep = new Upkeep(
      (since) => this.verify(since),
      (error) => logger.warn({ err: error }, 'Shows in memory could not be verified; they are read again'),
    );
    this.stopListening = [
      listenToInventory(bus, (showId, message) => this.hear(showId, message)),
      bus.onGap(() => this.outdateAll()),
    ];
  }

  /** Undefined where the public knows of no such show. */
  async find(showId: number): Promise<PublishedShow | undefined> {
    const known = this.shows.get(showId);
    if (known?.isFresh(performance.now())) return known;
    return this.loader.load(showId);
  }

  /** The show of this ticket, likewise. */
  async findByTicket(ticketId: number): Promise<PublishedShow | undefined> {
    const known = this.byTicket.get(ticketId);
    const showId = known?.show.id ?? (await readShowOfTicket(this.orm, ticketId));
    return showId === undefined ? undefined : this.find(showId);
  }

  close(): void {
    this.upkeep.close();
    for (const stop of this.stopListening) stop();
  }

  private async load(showIds: readonly number[]): Promise<(PublishedShow | undefined)[]> {
    const sentAt = performance.now();
    const rows = await this.whileHearing(() => readPublished(this.orm, [...new Set(showIds)]));
    const found = new Map(rows.map((row) => [row.id, this.take(row, sentAt)]));
    for (const showId of showIds) if (!found.has(showId)) this.shows.delete(showId);
    for (const { showId, message } of this.heard) tell(found.get(showId), message);
    if (this.gapAt >= sentAt) this.outdateAll();
    this.metrics.readModelLoads.inc(found.size);
    return showIds.map((showId) => found.get(showId));
  }

  private async whileHearing<Result>(work: () => Promise<Result>): Promise<Result> {
    this.heard = [];
    this.isLoading = true;
    try {
      return await work();
    } finally {
      this.isLoading = false;
    }
  }

  private take(row: PublishedRow, sentAt: number): PublishedShow {
    const known = this.shows.get(row.id);
    const isSame = known?.terms === digest(row.terms);
    const show = isSame ? known : hydrate(this.orm, row, this.upkeep);
    const counters = row.counters.map(([id, quantity, held, sold, version]) => ({
      id,
      quantity,
      held,
      sold,
      version,
    }));
    const { version } = show;
    show.confirm(counters, row.revision);
    show.verify(sentAt);
    if (!isSame) this.keep(show);
    else if (show.version !== version) this.metrics.readModelCorrections.inc();
    return show;
  }

  private keep(show: PublishedShow): void {
    this.shows.set(show.show.id, show);
    for (const ticket of show.tickets) this.byTicket.set(ticket.id, show);
    this.metrics.readModelShows.set(this.shows.size);
  }

  private forget(show: PublishedShow): void {
    show.retire();
    for (const ticket of show.tickets) {
      if (this.byTicket.get(ticket.id) === show) this.byTicket.delete(ticket.id);
    }
    this.metrics.readModelShows.set(this.shows.size);
  }

  private hear(showId: number, message: Message): void {
    if (this.isLoading) this.heard.push({ showId, message });
    tell(this.shows.peek(showId), message);
  }

  private outdateAll(): void {
    this.gapAt = performance.now();
    for (const show of this.shows.values()) show.outdate();
  }

  /** Asks for all that were read lately at once, and reads those again that have changed. */
  private async verify(since: number): Promise<void> {
    const read = [...this.shows.values()].filter((show) => show.readAt >= since);
    if (read.length === 0) return;
    // What is read in lists and shared answers alone counts as used too.
    for (const { show } of read) this.shows.get(show.id);
    const sentAt = performance.now();
    const revisions = await readRevisions(
      this.orm,
      read.map(({ show }) => show.id),
    );
    const { same = [], differing = [] } = Object.groupBy(read, (show) =>
      !show.hasUnconfirmed && show.revision === revisions.get(show.show.id) ? 'same' : 'differing',
    );
    for (const show of same) show.verify(sentAt);
    this.metrics.readModelVerifications.inc({ outcome: 'same' }, same.length);
    this.metrics.readModelVerifications.inc({ outcome: 'differs' }, differing.length);
    await Promise.all(differing.map(({ show }) => this.loader.load(show.id)));
  }
}

function tell(show: PublishedShow | undefined, { counters, terms }: Message): void {
  show?.hear(counters);
  if (terms) show?.outdate();
}
