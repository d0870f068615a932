import { randomUUID } from 'node:crypto';
import type { EntityManager } from '@mikro-orm/postgresql';
import { addJob } from '../database/index.js';
import { AppError } from '../errors.js';
import type { InventoryCounters, TicketRow } from '../inventory/index.js';
import { percentOf } from '../validation/money.js';
import { createAttendees } from './attendees.js';
import { newReference } from './codes.js';
import { Order, OrderStatus, PaymentStatus } from './order.entity.js';
import { OrderLine } from './order-line.entity.js';
import type { PurchaseRequest } from './purchase-request.js';
import { type PricedPurchase, pricePurchase } from './purchase-rules.js';

/** A purchase that may be carried out. */
export interface Purchase {
  readonly request: PurchaseRequest;
  readonly buyerId: string | null;
  /** Where the money goes; null where nothing can be paid. */
  readonly stripeAccountId: string | null;
}

/** An order as it was committed, and the tickets as they stand since. */
export interface PlacedOrder {
  readonly order: Order;
  readonly lines: readonly OrderLine[];
  readonly tickets: readonly TicketRow[];
}

export interface PlacementTerms {
  readonly holdMinutes: number;
  readonly platformFeePercent: number;
}

/** How long before Stripe is asked for the first time what became of an order. */
const FIRST_CHECK_MS = 60_000;

/** Makes orders, in the transaction that takes their inventory. */
export class OrderPlacement {
  constructor(
    private readonly counters: InventoryCounters,
    private readonly terms: PlacementTerms,
  ) {}

  /**
   * @param em inside a transaction; whatever is thrown must end it
   * @throws AppError what pricePurchase throws, of the rows as they are locked; PRICE_CHANGED when
   * they cost something only now
   */
  async place(em: EntityManager, purchase: Purchase): Promise<PlacedOrder> {
    const { request } = purchase;
    const now = new Date();
    const locked = await this.counters.lock(
      em,
      request.wanted.map((wanted) => wanted.ticketId),
    );
    const priced = pricePurchase(request, locked, now);
    const free = priced.total === 0;
    if (!free && purchase.stripeAccountId === null) throw noLongerFree(priced);
    const tickets = await this.counters.change(
      em,
      priced.tickets.map(({ row, quantity }) => ({
        ticketId: row.id,
        held: free ? 0 : quantity,
        sold: free ? quantity : 0,
      })),
    );
    const order = this.createOrder(em, purchase, priced, now);
    const lines = createLines(em, order, priced);
    if (free) {
      createAttendees(em, order, lines);
      await addJob(em, 'send-order-confirmation', { orderId: order.id });
    }
    await em.flush();
    return { order, lines, tickets };
  }

  private createOrder(em: EntityManager, purchase: Purchase, priced: PricedPurchase, now: Date): Order {
    const { request } = purchase;
    const free = priced.total === 0;
    const expiresAt = free ? null : new Date(now.getTime() + this.terms.holdMinutes * 60_000);
    const firstCheck = new Date(now.getTime() + FIRST_CHECK_MS);
    return em.create(
      Order,
      {
        id: randomUUID(),
        reference: newReference(),
        showId: request.showId,
        buyerId: purchase.buyerId,
        email: request.email,
        name: request.name,
        status: free ? OrderStatus.CONFIRMED : OrderStatus.PENDING,
        paymentStatus: free ? PaymentStatus.NOT_REQUIRED : PaymentStatus.UNPAID,
        totalAmount: priced.total,
        currency: priced.currency,
        createdAt: now,
        expiresAt,
        confirmedAt: free ? now : null,
        checkAt: expiresAt && (expiresAt < firstCheck ? expiresAt : firstCheck),
        idempotencyKey: request.idempotencyKey,
        inputHash: request.inputHash,
        successUrl: request.successUrl,
        cancelUrl: request.cancelUrl,
        applicationFeeAmount: percentOf(priced.total, this.terms.platformFeePercent),
        stripeAccountId: free ? null : purchase.stripeAccountId,
      },
      { persist: true },
    );
  }
}

/** Everything was free when the purchase was prepared, so nobody was looked for who could take the money. */
function noLongerFree(priced: PricedPurchase): AppError {
  const tickets = priced.tickets
    .filter(({ row }) => row.price > 0)
    .map(({ row }) => ({ ticketId: String(row.id), expected: 0, actual: row.price }));
  return new AppError('PRICE_CHANGED', 'The price has just changed', { tickets });
}

function createLines(em: EntityManager, order: Order, priced: PricedPurchase): OrderLine[] {
  return priced.tickets.map(({ row, quantity }, position) =>
    em.create(
      OrderLine,
      { id: randomUUID(), orderId: order.id, ticketId: row.id, position, quantity, unitAmount: row.price },
      { persist: true },
    ),
  );
}
