import type { TicketCounters } from '../inventory/index.js';
import { nextStatusChange } from '../inventory/ticket-status.js';
import type { Producer } from './producer.entity.js';
import { Show } from './show.entity.js';
import { Ticket } from './ticket.entity.js';
import type { Upkeep } from './upkeep.js';
import { Verified } from './verified.js';

/** A show that was read from memory; no unit of work knows it. */
export class PublicShow extends Show {
  constructor(readonly published: PublishedShow) {
    super();
  }
}

/** A ticket of such a show. */
export class PublicTicket extends Ticket {
  constructor(readonly published: PublishedShow) {
    super();
  }
}

/** What is told of one public show. Its terms stand for as long as this object; its counters move. */
export class PublishedShow extends Verified {
  readonly show = new PublicShow(this);
  tickets: readonly PublicTicket[] = [];
  /** Whether counters came from a message, which the database has not confirmed yet. */
  hasUnconfirmed = false;

  constructor(
    upkeep: Upkeep,
    readonly producer: Producer,
    /** A digest of its terms. */
    readonly terms: string,
    /** Of the rows that it was read from last. */
    public revision: string,
    /** About how many bytes it takes. */
    readonly size: number,
  ) {
    super(upkeep);
  }

  /** Takes in what a message says; what is known to be newer stays. */
  hear(counters: readonly TicketCounters[]): void {
    for (const told of counters) {
      const ticket = this.tickets.find(({ id }) => id === told.id);
      if (ticket === undefined || ticket.version >= told.version) continue;
      this.count(ticket, told);
      this.hasUnconfirmed = true;
    }
  }

  /** Takes in what the database says, whatever was known before. */
  confirm(counters: readonly TicketCounters[], revision: string): void {
    for (const [index, read] of counters.entries()) this.count(this.tickets[index] as Ticket, read);
    this.revision = revision;
    this.hasUnconfirmed = false;
  }

  override changesAt(now: Date): number {
    const endsAt = this.show.endsAt ?? this.show.startsAt;
    const instants = this.tickets.map((ticket) => nextStatusChange(ticket.saleIn(this.show), now)?.getTime());
    if (endsAt > now) instants.push(endsAt.getTime());
    return Math.min(...instants.map((instant) => instant ?? Number.POSITIVE_INFINITY));
  }

  private count(ticket: Ticket, { quantity, held, sold, version }: TicketCounters): void {
    const isSame =
      ticket.version === version &&
      ticket.quantity === quantity &&
      ticket.held === held &&
      ticket.sold === sold;
    if (!isSame) this.version += 1;
    Object.assign(ticket, { quantity, held, sold, version });
  }
}
