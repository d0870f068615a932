import type { InventoryUpdate, TicketInventory } from './inventory-update.js';
import { LatestState } from './latest-state.js';

/** At most one update per show in this time, in milliseconds. */
const MERGE_MS = 50;

type Tickets = ReadonlyMap<number, TicketInventory>;

/** What everybody in this process who watches one show is told. */
export class ShowFeed {
  /** With what newcomers were told, until the first update after that. */
  private readonly subscribers = new Map<LatestState<Tickets>, Tickets | undefined>();
  private readonly known = new Map<number, TicketInventory>();
  private changed = new Map<number, TicketInventory>();
  private timer: NodeJS.Timeout | undefined;
  private lastSent = Number.NEGATIVE_INFINITY;

  constructor(private readonly showId: number) {}

  /** Takes in what changed; older than what is known, it is left out. */
  merge(tickets: readonly TicketInventory[]): void {
    for (const ticket of tickets) {
      const known = this.known.get(ticket.ticketId);
      if (known !== undefined && known.version >= ticket.version) continue;
      this.known.set(ticket.ticketId, ticket);
      this.changed.set(ticket.ticketId, ticket);
    }
    if (this.changed.size > 0) this.schedule();
  }

  /**
   * Takes in the whole show as the database has it.
   *
   * @param tell everybody the whole show, or what is news of it alone
   */
  replace(tickets: readonly TicketInventory[], tell: 'everything' | 'news'): void {
    for (const ticket of tickets) {
      const known = this.known.get(ticket.ticketId);
      if (known === undefined || isNewer(ticket, known)) {
        this.known.set(ticket.ticketId, ticket);
        this.changed.set(ticket.ticketId, ticket);
      }
    }
    if (tell === 'everything') this.changed = new Map(this.known);
    if (this.changed.size > 0) this.schedule();
  }

  /** @param onEnd called when this subscriber has left */
  subscribe(onEnd: () => void): AsyncIterableIterator<InventoryUpdate> {
    const state = new LatestState<Tickets>(
      (older, newer) => new Map([...older, ...newer]),
      () => {
        this.subscribers.delete(state);
        onEnd();
      },
    );
    const told = new Map(this.known);
    state.offer(told);
    this.subscribers.set(state, told);
    return updates(this.showId, state);
  }

  close(): void {
    clearTimeout(this.timer);
    for (const subscriber of [...this.subscribers.keys()]) void subscriber.return();
  }

  private schedule(): void {
    if (this.timer !== undefined) return;
    const wait = Math.max(0, this.lastSent + MERGE_MS - performance.now());
    this.timer = setTimeout(() => this.send(), wait);
  }

  private send(): void {
    this.timer = undefined;
    this.lastSent = performance.now();
    const changed = this.changed;
    this.changed = new Map();
    for (const [subscriber, told] of this.subscribers) {
      this.subscribers.set(subscriber, undefined);
      const news = told === undefined ? changed : newTo(told, changed);
      if (news.size > 0) subscriber.offer(news);
    }
  }
}

/** The same version can have another status: sales open and end by the clock alone. */
function isNewer(read: TicketInventory, known: TicketInventory): boolean {
  return read.version > known.version || (read.version === known.version && read.status !== known.status);
}

/** Without what a newcomer has heard in its first message already. */
function newTo(told: Tickets, changed: Tickets): Tickets {
  return new Map([...changed].filter(([ticketId, ticket]) => told.get(ticketId) !== ticket));
}

/** Stamps each state at the moment it is taken, not when it was made. */
function updates(showId: number, states: LatestState<Tickets>): AsyncIterableIterator<InventoryUpdate> {
  const update = (result: IteratorResult<Tickets>): IteratorResult<InventoryUpdate> =>
    result.done
      ? { value: undefined, done: true }
      : { value: { showId, tickets: [...result.value.values()], sentAt: new Date() }, done: false };
  const iterator: AsyncIterableIterator<InventoryUpdate> = {
    next: async () => update(await states.next()),
    return: async () => update(await states.return()),
    throw: async (error) => update(await states.throw(error)),
    [Symbol.asyncIterator]: () => iterator,
  };
  return iterator;
}
