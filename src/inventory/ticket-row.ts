import type { TicketSale } from './ticket-status.js';

/** A ticket as the database has it at this instant, with what its show says about selling it. */
export interface TicketRow extends TicketSale {
  readonly id: number;
  readonly showId: number;
  readonly name: string;
  /** Minor units of `currency`. */
  readonly price: number;
  readonly currency: string;
  readonly version: number;
  readonly minPerOrder: number;
  readonly maxPerOrder: number;
  /** When it was read, by PostgreSQL's clock. */
  readonly readAt: Date;
}

/** Of `ticket t` joined with `show s`; read back by `ticketRow`. */
export const TICKET_COLUMNS = `
  t.id, t.show_id, t.name, t.price, t.currency, t.quantity, t.held, t.sold, t.version,
  t.sales_start_at, t.sales_end_at, t.min_per_order, t.max_per_order,
  s.status as show_status, coalesce(s.ends_at, s.starts_at) as show_ends_at, clock_timestamp() as read_at`;

export interface RawTicketRow {
  id: number;
  show_id: number;
  name: string;
  price: number;
  currency: string;
  quantity: number;
  held: number;
  sold: number;
  version: number;
  sales_start_at: Date | string | null;
  sales_end_at: Date | string | null;
  min_per_order: number;
  max_per_order: number;
  show_status: TicketSale['showStatus'];
  show_ends_at: Date | string;
  read_at: Date | string;
}

export function ticketRow(raw: RawTicketRow): TicketRow {
  return {
    id: raw.id,
    showId: raw.show_id,
    name: raw.name,
    price: raw.price,
    currency: raw.currency,
    quantity: raw.quantity,
    held: raw.held,
    sold: raw.sold,
    version: raw.version,
    salesStartAt: raw.sales_start_at === null ? null : new Date(raw.sales_start_at),
    salesEndAt: raw.sales_end_at === null ? null : new Date(raw.sales_end_at),
    minPerOrder: raw.min_per_order,
    maxPerOrder: raw.max_per_order,
    showStatus: raw.show_status,
    showEndsAt: new Date(raw.show_ends_at),
    readAt: new Date(raw.read_at),
  };
}
