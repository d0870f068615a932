import type { InventoryUpdate, TicketInventory } from './inventory-update.js';
import type { SharedFeed } from './shared-feed.js';

/** At most one update per show in this time, in milliseconds. */
const MERGE_MS = 50;

interface Known {
  readonly ticket: TicketInventory;
  /** The feed's revision since which the ticket is like this. */
  readonly revision: number;
}

/** What everybody in this process who watches one show is told. */
export class ShowFeed implements SharedFeed {
  private readonly known = new Map<number, Known>();
  private readonly listeners = new Set<() => void>();
  private current = 1;
  /** Whoever was told last before this revision is told the whole show. */
  private wholeFrom = 1;
  private timer: NodeJS.Timeout | undefined;
  private lastSent = Number.NEGATIVE_INFINITY;

  constructor(private readonly showId: number) {}

  get revision(): number {
    return this.current;
  }

  /** Takes in what changed; older than what is known, it is left out. */
  merge(tickets: readonly TicketInventory[]): void {
    this.take(tickets.filter((ticket) => ticket.version > this.versionOf(ticket)));
  }

  /**
   * Takes in the whole show as the database has it.
   *
   * @param tell everybody the whole show, or what is news of it alone
   */
  replace(tickets: readonly TicketInventory[], tell: 'everything' | 'news'): void {
    this.take(tickets.filter((ticket) => this.isNews(ticket)));
    if (tell === 'news') return;
    this.current += 1;
    this.wholeFrom = this.current;
    this.schedule();
  }

  changesSince(revision: number): InventoryUpdate | undefined {
    const everything = revision < this.wholeFrom;
    const tickets: TicketInventory[] = [];
    for (const known of this.known.values()) {
      if (everything || known.revision > revision) tickets.push(known.ticket);
    }
    if (tickets.length === 0 && !everything) return undefined;
    return { showId: this.showId, tickets, sentAt: new Date() };
  }

  listen(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  close(): void {
    clearTimeout(this.timer);
    this.listeners.clear();
  }

  private take(news: readonly TicketInventory[]): void {
    if (news.length === 0) return;
    this.current += 1;
    for (const ticket of news) this.known.set(ticket.ticketId, { ticket, revision: this.current });
    this.schedule();
  }

  private versionOf({ ticketId }: TicketInventory): number {
    return this.known.get(ticketId)?.ticket.version ?? Number.NEGATIVE_INFINITY;
  }

  /** The same version can have another status: sales open and end by the clock alone. */
  private isNews(read: TicketInventory): boolean {
    const version = this.versionOf(read);
    if (read.version !== version) return read.version > version;
    return read.status !== this.known.get(read.ticketId)?.ticket.status;
  }

  private schedule(): void {
    if (this.timer !== undefined) return;
    const wait = Math.max(0, this.lastSent + MERGE_MS - performance.now());
    this.timer = setTimeout(() => this.send(), wait);
  }

  private send(): void {
    this.timer = undefined;
    this.lastSent = performance.now();
    for (const listener of this.listeners) listener();
  }
}
