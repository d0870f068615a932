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
  listener: (showId: number, message: Pick<InventoryMessage, 'counters' | 'terms'>) => void,
): () => void {
  return bus.subscribeAll(CHANNELS, (channel, text) =>
    listener(Number(channel.slice(CHANNELS.length)), read(text)),
  );
}

function read(text: string): Pick<InventoryMessage, 'counters' | 'terms'> {
  try {
    const { counters, terms } = JSON.parse(text) as InventoryMessage;
    if (Array.isArray(counters) && counters.every(areCounters)) return { counters, terms: terms !== false };
  } catch {
    // Said below.
  }
  return { counters: [], terms: true };
}

function areCounters(counters: TicketCounters | null): boolean {
  const { id, quantity, held, sold, version } = counters ?? {};
  return [id, quantity, held, sold, version].every(Number.isSafeInteger);
}
