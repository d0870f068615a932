import { AppError, badUserInput, notFound } from '../errors.js';
import { available, type TicketRow } from '../inventory/index.js';
import { checkPayable } from '../payments/index.js';
import type { PurchaseRequest, WantedTicket } from './purchase-request.js';

/** One ticket of a purchase with the price it is sold at. */
export interface PricedTicket {
  readonly row: TicketRow;
  readonly quantity: number;
}

/** What a purchase comes to. Amounts in minor units of `currency`. */
export interface PricedPurchase {
  readonly tickets: readonly PricedTicket[];
  readonly total: number;
  readonly currency: string;
}

/**
 * Whether this can be bought as the tickets stand. Asked twice: before a place in the queue is
 * taken, and again of the rows that are locked.
 *
 * @throws AppError NOT_FOUND, SHOW_NOT_ON_SALE, TICKET_NOT_ON_SALE, LIMIT_EXCEEDED, PRICE_CHANGED,
 * BAD_USER_INPUT (more than one currency, a total that cannot be paid), SOLD_OUT
 */
export function pricePurchase(
  request: Pick<PurchaseRequest, 'showId' | 'wanted'>,
  rows: readonly TicketRow[],
  now: Date,
): PricedPurchase {
  const byId = new Map(rows.filter((row) => row.showId === request.showId).map((row) => [row.id, row]));
  const tickets = request.wanted.map((wanted) => {
    const row = byId.get(wanted.ticketId);
    if (row === undefined) throw notFound(`Ticket ${wanted.ticketId} not found`);
    return { row, quantity: wanted.quantity };
  });
  checkShow(tickets[0]?.row as TicketRow, now);
  for (const ticket of tickets) checkWindowAndLimits(ticket, now);
  checkPrices(request.wanted, byId);
  const priced = totalOf(tickets);
  checkAvailable(tickets);
  return priced;
}

function checkShow(row: TicketRow, now: Date): void {
  if (row.showStatus === 'PUBLISHED' && now < row.showEndsAt) return;
  const status = row.showStatus === 'PUBLISHED' ? 'ENDED' : row.showStatus;
  throw new AppError('SHOW_NOT_ON_SALE', 'This show is not on sale', { status, opensAt: null });
}

function checkWindowAndLimits({ row, quantity }: PricedTicket, now: Date): void {
  const ticketId = String(row.id);
  if (row.salesStartAt !== null && now < row.salesStartAt) {
    const opensAt = row.salesStartAt.toISOString();
    throw new AppError('TICKET_NOT_ON_SALE', `Sales of "${row.name}" have not started`, {
      ticketId,
      opensAt,
    });
  }
  if (row.salesEndAt !== null && now >= row.salesEndAt) {
    throw new AppError('TICKET_NOT_ON_SALE', `Sales of "${row.name}" have ended`, {
      ticketId,
      opensAt: null,
    });
  }
  if (quantity < row.minPerOrder || quantity > row.maxPerOrder) {
    throw new AppError(
      'LIMIT_EXCEEDED',
      `An order takes ${row.minPerOrder} to ${row.maxPerOrder} of "${row.name}", not ${quantity}`,
      { ticketId, min: row.minPerOrder, max: row.maxPerOrder },
    );
  }
}

function checkPrices(wanted: readonly WantedTicket[], byId: ReadonlyMap<number, TicketRow>): void {
  const changed = wanted.flatMap(({ ticketId, expectedUnitPrices }) => {
    const actual = byId.get(ticketId)?.price as number;
    return expectedUnitPrices
      .filter((expected) => expected !== actual)
      .map((expected) => ({ ticketId: String(ticketId), expected, actual }));
  });
  if (changed.length > 0) {
    throw new AppError('PRICE_CHANGED', 'The price has changed since it was shown', { tickets: changed });
  }
}

function totalOf(tickets: readonly PricedTicket[]): PricedPurchase {
  const currencies = new Set(tickets.map(({ row }) => row.currency));
  if (currencies.size > 1) {
    throw badUserInput('items', 'Tickets in different currencies cannot be bought in one order');
  }
  const total = tickets.reduce((sum, { row, quantity }) => sum + row.price * quantity, 0);
  const currency = tickets[0]?.row.currency as string;
  for (const amount of [...tickets.map(({ row }) => row.price), total])
    checkPayable(amount, currency, 'items');
  return { tickets, total, currency };
}

function checkAvailable(tickets: readonly PricedTicket[]): void {
  const short = tickets
    .filter(({ row, quantity }) => available(row) < quantity)
    .map(({ row, quantity }) => ({
      ticketId: String(row.id),
      requested: quantity,
      available: available(row),
    }));
  if (short.length > 0) {
    throw new AppError('SOLD_OUT', 'Fewer tickets are left than asked for', { tickets: short });
  }
}
