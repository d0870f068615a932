import type { EntityManager } from '@mikro-orm/postgresql';
import { z } from 'zod';
import { AuditLogAction, changesBetween, recordChange, type Viewer } from '../accounts/index.js';
import { badUserInput, conflict, notFound } from '../errors.js';
import type { InventoryCounters, InventoryStream } from '../inventory/index.js';
import { checkPayable } from '../payments/index.js';
import { decode } from '../validation/decode.js';
import { parseShowId, parseTicketId } from '../validation/ids.js';
import { isCurrency, LARGEST_INT } from '../validation/money.js';
import { instant, price, text } from '../validation/rules.js';
import { ShowStatus } from './show.entity.js';
import type { ShowService } from './show.service.js';
import { Ticket } from './ticket.entity.js';

/** One order makes at most this many attendees of one ticket. */
const LARGEST_ORDER = 1_000;
const perOrder = (name: string) =>
  z
    .number()
    .int()
    .min(1, `${name} must be at least 1`)
    .max(LARGEST_ORDER, `${name} must not be greater than ${LARGEST_ORDER}`);

const fields = {
  name: text('Name', 200),
  price,
  quantity: z
    .number()
    .int()
    .min(0, 'Quantity must not be negative')
    .max(LARGEST_INT, `Quantity must not be greater than ${LARGEST_INT}`),
  salesStartAt: instant('salesStartAt').nullish(),
  salesEndAt: instant('salesEndAt').nullish(),
  minPerOrder: perOrder('minPerOrder'),
  maxPerOrder: perOrder('maxPerOrder'),
};
const createRules = z.object({
  ...fields,
  currency: z.string().refine(isCurrency, 'Unknown currency; use an ISO 4217 code in upper case such as USD'),
});
const updateRules = z.object({
  ...fields,
  name: fields.name.nullish(),
  price: fields.price.nullish(),
  quantity: fields.quantity.nullish(),
  minPerOrder: fields.minPerOrder.nullish(),
  maxPerOrder: fields.maxPerOrder.nullish(),
});

/** Tickets and their terms of sale. */
export class TicketService {
  constructor(
    private readonly shows: ShowService,
    private readonly counters: InventoryCounters,
    private readonly stream: InventoryStream,
  ) {}

  /** @throws AppError BAD_USER_INPUT, NOT_FOUND, FORBIDDEN; CONFLICT when the show is over */
  async create(
    em: EntityManager,
    viewer: Viewer,
    showId: string,
    input: z.input<typeof createRules>,
  ): Promise<Ticket> {
    const id = parseShowId(showId, 'showId');
    const rules = decode(createRules, input);
    checkTerms(rules);
    checkPayable(rules.price, rules.currency, 'price', 'currency');
    if (rules.salesEndAt && rules.salesEndAt <= new Date()) {
      throw badUserInput('salesEndAt', 'salesEndAt must be in the future');
    }
    const show = await this.shows.requireManaged(em, viewer, id);
    const status = show.currentStatus();
    if (status === ShowStatus.CANCELLED || status === ShowStatus.ENDED) {
      throw conflict('This show takes no more tickets', { status });
    }
    const { price, salesStartAt, salesEndAt, ...rest } = rules;
    const ticket = await em.transactional(async (tx) => {
      const created = tx.create(Ticket, {
        ...rest,
        showId: id,
        priceAmount: price,
        salesStartAt: salesStartAt ?? null,
        salesEndAt: salesEndAt ?? null,
        held: 0,
        sold: 0,
        version: 1,
        createdAt: new Date(),
      });
      await tx.persist(created).flush();
      await recordTicket(tx, AuditLogAction.TICKET_CREATED, viewer, created, {
        name: rest.name,
        price,
        currency: rest.currency,
        quantity: rest.quantity,
      });
      return created;
    });
    await this.stream.publishShow(id);
    return ticket;
  }

  /**
   * Orders that exist keep the price they were made with.
   *
   * @throws AppError BAD_USER_INPUT, with `minimum` when the quantity is below held + sold
   */
  async update(
    em: EntityManager,
    viewer: Viewer,
    id: string,
    input: z.input<typeof updateRules>,
  ): Promise<Ticket> {
    const ticketId = parseTicketId(id);
    const changes = decode(updateRules, input);
    const known = await em.findOne(Ticket, { id: ticketId });
    if (known === null) throw notFound(`Ticket ${ticketId} not found`);
    await this.requireManaged(em, viewer, known);
    if (changes.price != null) checkPayable(changes.price, known.currency, 'price');
    await em.transactional(async (tx) => {
      const [locked] = await this.counters.lock(tx, [ticketId]);
      const ticket = await tx.findOneOrFail(Ticket, { id: ticketId }, { refresh: true });
      const before = termsOf(ticket);
      if (changes.quantity != null && !(await this.counters.setQuantity(tx, ticketId, changes.quantity))) {
        const minimum = (locked?.held ?? 0) + (locked?.sold ?? 0);
        throw badUserInput('quantity', `Quantity must not be below what is held and sold: ${minimum}`, {
          minimum,
        });
      }
      ticket.name = changes.name ?? ticket.name;
      ticket.priceAmount = changes.price ?? ticket.priceAmount;
      ticket.minPerOrder = changes.minPerOrder ?? ticket.minPerOrder;
      ticket.maxPerOrder = changes.maxPerOrder ?? ticket.maxPerOrder;
      if (changes.salesStartAt !== undefined) ticket.salesStartAt = changes.salesStartAt;
      if (changes.salesEndAt !== undefined) ticket.salesEndAt = changes.salesEndAt;
      checkTerms(ticket);
      if (changes.quantity == null) await this.counters.touch(tx, ticketId);
      const after = { ...termsOf(ticket), quantity: changes.quantity ?? before.quantity };
      const changed = changesBetween(before, after);
      if (changed) await recordTicket(tx, AuditLogAction.TICKET_UPDATED, viewer, ticket, changed);
    });
    await this.stream.publishShow(known.showId);
    await em.refresh(known);
    return known;
  }

  private async requireManaged(em: EntityManager, viewer: Viewer, ticket: Ticket): Promise<void> {
    try {
      await this.shows.requireManaged(em, viewer, ticket.showId);
    } catch (error) {
      // Of a draft that is not the viewer's, not even the ticket may be known.
      throw (error as { code?: string }).code === 'NOT_FOUND'
        ? notFound(`Ticket ${ticket.id} not found`)
        : error;
    }
  }
}

/** As clients know them. */
function termsOf(ticket: Ticket) {
  const { name, priceAmount: price, quantity, minPerOrder, maxPerOrder, salesStartAt, salesEndAt } = ticket;
  return { name, price, quantity, minPerOrder, maxPerOrder, salesStartAt, salesEndAt };
}

function recordTicket(
  em: EntityManager,
  action: AuditLogAction,
  viewer: Viewer,
  ticket: Ticket,
  details: Readonly<Record<string, unknown>>,
): Promise<void> {
  const of = { showId: ticket.showId };
  return recordChange(em, { action, actorId: viewer.userId, of, subject: ['Ticket', ticket.id], details });
}

function checkTerms(terms: {
  minPerOrder: number;
  maxPerOrder: number;
  salesStartAt?: Date | null;
  salesEndAt?: Date | null;
}): void {
  if (terms.maxPerOrder < terms.minPerOrder) {
    throw badUserInput('maxPerOrder', 'maxPerOrder must not be less than minPerOrder');
  }
  if (terms.salesStartAt && terms.salesEndAt && terms.salesEndAt <= terms.salesStartAt) {
    throw badUserInput('salesEndAt', 'salesEndAt must be after salesStartAt');
  }
}
