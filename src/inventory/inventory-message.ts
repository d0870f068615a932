import type { EventBus } from './event-bus.js';
import type { TicketInventory } from './inventory-update.js';
import type { TicketRow } from './ticket-row.js';

const CHANNELS = 'inventory:';

/** How many of a ticket there are; what only the producer's team may see, so never for subscribers. */
export type TicketCounters = Pick<TicketRow, 'id' | 'quantity' | 'held' | 'sold' | 'version'>;

/** What goes over the bus whenever tickets have changed. */
export interface InventoryMessage {
  /** What subscribers are told. */
  readonly tickets: readonly TicketInventory[];
  readonly counters: readonly TicketCounters[];
  /** Whether more than counters changed, so that whoever keeps anything else has to read it again. */
  readonly terms: boolean;
}

/** The channel of one show's messages. */
export function channelOf(showId: number): string {
  return `${CHANNELS}${showId}`;
}

export function countersOf({ id, quantity, held, sold, version }: TicketRow): TicketCounters {
  return { id, quantity, held, sold, version };
}

/**
 * Hears of every show's changes, in this process before `publish` returns. A message that cannot be read is
 * heard as one that says that anything may have changed.
 *
 * @returns what gives up listening
 */
export function listenToInventory(
  bus: EventBus,
  listener: (showId: number, message: InventoryMessage) => void,
): () => void {
  return bus.subscribeAll(CHANNELS, (channel, text) =>
    listener(Number(channel.slice(CHANNELS.length)), readMessage(text)),
  );
}

/** A message that cannot be read is one that says that anything may have changed. */
export function readMessage(text: string): InventoryMessage {
  try {
    const { tickets, counters, terms } = JSON.parse(text) as InventoryMessage;
    if (areAll(tickets, areTicketInventory) && areAll(counters, areCounters)) {
      return { tickets, counters, terms: terms !== false };
    }
  } catch {
    // Said below.
  }
  return { tickets: [], counters: [], terms: true };
}

function areAll<Item>(items: readonly Item[], isOne: (item: Item | null) => boolean): boolean {
  return Array.isArray(items) && items.every(isOne);
}

function areTicketInventory(ticket: TicketInventory | null): boolean {
  const { ticketId, available, status, version } = ticket ?? {};
  return [ticketId, available, version].every(Number.isSafeInteger) && typeof status === 'string';
}

function areCounters(counters: TicketCounters | null): boolean {
  const { id, quantity, held, sold, version } = counters ?? {};
  return [id, quantity, held, sold, version].every(Number.isSafeInteger);
}
