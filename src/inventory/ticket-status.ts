export enum TicketStatus {
  SCHEDULED = 'SCHEDULED',
  ON_SALE = 'ON_SALE',
  SOLD_OUT = 'SOLD_OUT',
  ENDED = 'ENDED',
}

/** What decides whether a ticket can be bought at a given instant. */
export interface TicketSale {
  readonly quantity: number;
  readonly held: number;
  readonly sold: number;
  readonly salesStartAt: Date | null;
  readonly salesEndAt: Date | null;
  readonly showStatus: 'DRAFT' | 'PUBLISHED' | 'CANCELLED';
  /** The show's end, or its start where it has no end. */
  readonly showEndsAt: Date;
}

export function available(ticket: Pick<TicketSale, 'quantity' | 'held' | 'sold'>): number {
  return ticket.quantity - ticket.held - ticket.sold;
}

export function ticketStatus(ticket: TicketSale, now: Date): TicketStatus {
  if (ticket.showStatus === 'CANCELLED' || now >= ticket.showEndsAt) return TicketStatus.ENDED;
  if (ticket.salesEndAt !== null && now >= ticket.salesEndAt) return TicketStatus.ENDED;
  if (ticket.showStatus === 'DRAFT') return TicketStatus.SCHEDULED;
  if (ticket.salesStartAt !== null && now < ticket.salesStartAt) return TicketStatus.SCHEDULED;
  return available(ticket) > 0 ? TicketStatus.ON_SALE : TicketStatus.SOLD_OUT;
}

/** The next instant at which time alone changes the status; null when there is none. */
export function nextStatusChange(ticket: TicketSale, now: Date): Date | null {
  const instants = [ticket.salesStartAt, ticket.salesEndAt, ticket.showEndsAt];
  const later = instants.filter((instant): instant is Date => instant !== null && instant > now);
  return later.reduce<Date | null>((least, instant) => (least && least < instant ? least : instant), null);
}
