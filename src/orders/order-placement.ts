import type { EntityManager } from '@mikro-orm/postgresql';
import { newId, persistNew, Statement } from '../database/index.js';
import { AppError, unauthenticated } from '../errors.js';
import type { CounterChange, InventoryCounters, TicketRow } from '../inventory/index.js';
import { applicationFee } from '../payments/index.js';
import type { Attendee } from './attendee.entity.js';
import { createAttendees } from './attendees.js';
import { keepBuyers } from './buyers.js';
import { newReference } from './codes.js';
import { enqueueConfirmations } from './confirmation-jobs.js';
import { findKnownOrders, keyOf } from './known-orders.js';
import { Order, OrderStatus, PaymentStatus } from './order.entity.js';
import { OrderLine } from './order-line.entity.js';
import type { PurchaseRequest } from './purchase-request.js';
import { type PricedPurchase, pricePurchase } from './purchase-rules.js';

/** A purchase that may be carried out. */
export interface Purchase {
  /** Of the order that it becomes; known beforehand, so that it can be looked for. */
  readonly orderId: string;
  readonly request: PurchaseRequest;
  readonly buyerId: string | null;
  /** Where the money goes; null where nothing can be paid. */
  readonly stripeAccountId: string | null;
  /** In place of the platform's own, if this producer has another. */
  readonly platformFeePercent: number | null;
  readonly showTitle: string;
}

/** An order as it was committed. */
export interface PlacedOrder {
  readonly order: Order;
  readonly lines: readonly OrderLine[];
  readonly attendees: readonly Attendee[];
}

/** What became of one purchase of many; what one lacks does not touch the others. */
export type Placement =
  | { readonly kind: 'placed'; readonly placed: PlacedOrder }
  /** The idempotency key has made an order before, or an earlier attempt at this very purchase has. */
  | { readonly kind: 'known'; readonly orderId: string }
  | { readonly kind: 'refused'; readonly error: unknown };

/** In the order of the purchases; and the tickets whose counters moved, as they stand since. */
export interface Placements {
  readonly placements: readonly Placement[];
  readonly tickets: readonly TicketRow[];
}

/** Whether a purchase is tried for the first time. */
export type Attempt = 'first' | 'again';

export interface PlacementTerms {
  readonly holdMinutes: number;
  readonly platformFeePercent: number;
}

/** How long before Stripe is asked for the first time what became of an order. */
const FIRST_CHECK_MS = 60_000;

const FIND_MADE = new Statement<{ id: string }>('select id from orders where id = any (?::uuid[])');

/** Makes orders, in the transaction that takes their inventory. */
export class OrderPlacement {
  constructor(
    private readonly counters: InventoryCounters,
    private readonly terms: PlacementTerms,
  ) {}

  /**
   * Carries purchases out in the order they came: one statement locks all their tickets, one moves
   * the counters, and one for each table makes the rows. Each is decided by what the ones before it
   * have left.
   *
   * @param em inside a transaction; whatever is thrown must end it
   * @param attempt 'again' where another transaction with these purchases seems to have failed: its commit may
   * have succeeded and only the answer been lost, so orders that exist are not made once more
   */
  async placeAll(
    em: EntityManager,
    purchases: readonly Purchase[],
    attempt: Attempt = 'first',
  ): Promise<Placements> {
    const requests = purchases.map((purchase) => purchase.request);
    // Sent in this order: a try with the same key that was faster is seen once the tickets are locked.
    const [tickets, known, made, buyers] = await Promise.all([
      this.counters.lock(em, ticketIdsOf(requests)),
      findKnownOrders(em, requests),
      attempt === 'again' ? findMadeOrders(em, purchases) : new Set<string>(),
      keepBuyers(
        em,
        purchases.flatMap(({ buyerId }) => buyerId ?? []),
      ),
    ]);
    const batch = new Batch(em, this.terms, tickets, known, made, buyers);
    const placements = purchases.map((purchase) => batch.place(purchase));
    const changes = batch.changes();
    const [changed] = await Promise.all([
      changes.length === 0 ? [] : this.counters.change(em, changes),
      em.flush(),
      enqueueConfirmations(em, batch.confirmed()),
    ]);
    // Or the end of the transaction would look through all of them once more for what has changed.
    em.clear();
    return { placements, tickets: changed };
  }
}

/** The purchases of one transaction, as they use up what its tickets have left. */
class Batch {
  /** By PostgreSQL's clock, as all holds begin and end. */
  private readonly now: Date;
  private readonly tickets: Map<number, TicketRow>;
  private readonly moved = new Map<number, CounterChange>();
  private readonly orders: Order[] = [];

  constructor(
    private readonly em: EntityManager,
    private readonly terms: PlacementTerms,
    rows: readonly TicketRow[],
    private readonly known: Map<string, { id: string; inputHash: string }>,
    private readonly made: ReadonlySet<string>,
    private readonly buyers: ReadonlySet<string>,
  ) {
    this.tickets = new Map(rows.map((row) => [row.id, row]));
    this.now = rows.at(-1)?.readAt ?? new Date();
  }

  place(purchase: Purchase): Placement {
    const { request, orderId, buyerId } = purchase;
    try {
      if (this.made.has(orderId)) return { kind: 'known', orderId };
      if (buyerId !== null && !this.buyers.has(buyerId)) {
        throw unauthenticated('This account no longer exists');
      }
      const known = request.idempotencyKey === null ? undefined : this.known.get(keyOf(request));
      if (known !== undefined) return { kind: 'known', orderId: known.id };
      const rows = request.wanted.flatMap((wanted) => this.tickets.get(wanted.ticketId) ?? []);
      const priced = pricePurchase(request, rows, this.now);
      if (priced.total > 0 && purchase.stripeAccountId === null) throw noLongerFree(priced);
      const placed = this.create(purchase, priced);
      this.take(priced);
      if (request.idempotencyKey !== null) {
        this.known.set(keyOf(request), { id: placed.order.id, inputHash: request.inputHash });
      }
      return { kind: 'placed', placed };
    } catch (error) {
      return { kind: 'refused', error };
    }
  }

  changes(): CounterChange[] {
    return [...this.moved.values()];
  }

  confirmed(): string[] {
    return this.orders.filter((order) => order.status === OrderStatus.CONFIRMED).map((order) => order.id);
  }

  private take(priced: PricedPurchase): void {
    const free = priced.total === 0;
    for (const { row, quantity } of priced.tickets) {
      const held = free ? 0 : quantity;
      const sold = free ? quantity : 0;
      const present = this.tickets.get(row.id) ?? row;
      this.tickets.set(row.id, { ...present, held: present.held + held, sold: present.sold + sold });
      const before = this.moved.get(row.id) ?? { ticketId: row.id, held: 0, sold: 0 };
      this.moved.set(row.id, { ticketId: row.id, held: before.held + held, sold: before.sold + sold });
    }
  }

  private create(purchase: Purchase, priced: PricedPurchase): PlacedOrder {
    const order = this.createOrder(purchase, priced);
    const lines = priced.tickets.map(({ row, quantity }, position) =>
      persistNew(this.em, new OrderLine(), {
        id: newId(),
        orderId: order.id,
        ticketId: row.id,
        position,
        quantity,
        unitAmount: row.price,
        ticketName: row.name,
        restocked: 0,
      }),
    );
    const attendees = order.status === OrderStatus.CONFIRMED ? createAttendees(this.em, order, lines) : [];
    this.orders.push(order);
    return { order, lines, attendees };
  }

  private createOrder(purchase: Purchase, priced: PricedPurchase): Order {
    const { orderId, request, buyerId, stripeAccountId } = purchase;
    const free = priced.total === 0;
    const expiresAt = free ? null : new Date(this.now.getTime() + this.terms.holdMinutes * 60_000);
    return persistNew(this.em, new Order(), {
      id: orderId,
      reference: newReference(),
      showId: request.showId,
      showTitle: purchase.showTitle,
      buyerId,
      email: request.email,
      name: request.name,
      status: free ? OrderStatus.CONFIRMED : OrderStatus.PENDING,
      paymentStatus: free ? PaymentStatus.NOT_REQUIRED : PaymentStatus.UNPAID,
      totalAmount: priced.total,
      currency: priced.currency,
      createdAt: this.now,
      expiresAt,
      confirmedAt: free ? this.now : null,
      checkAt: expiresAt && firstCheckAt(this.now, expiresAt),
      idempotencyKey: request.idempotencyKey,
      inputHash: request.inputHash,
      successUrl: request.successUrl,
      cancelUrl: request.cancelUrl,
      applicationFeeAmount: applicationFee(
        priced.total,
        priced.currency,
        purchase.platformFeePercent ?? this.terms.platformFeePercent,
      ),
      stripeAccountId: free ? null : stripeAccountId,
      checkoutAttempt: 1,
    });
  }
}

/** When to look after an order that holds inventory from `now` until `expiresAt`. */
export function firstCheckAt(now: Date, expiresAt: Date): Date {
  return new Date(Math.min(now.getTime() + FIRST_CHECK_MS, expiresAt.getTime()));
}

/** The ids of those that are in the database already. */
async function findMadeOrders(em: EntityManager, purchases: readonly Purchase[]): Promise<Set<string>> {
  const rows = await FIND_MADE.run(em, [`{${purchases.map(({ orderId }) => orderId)}}`]);
  return new Set(rows.map(({ id }) => id));
}

/** Everything was free when the purchase was prepared, so nobody was looked for who could take the money. */
function noLongerFree(priced: PricedPurchase): AppError {
  const tickets = priced.tickets
    .filter(({ row }) => row.price > 0)
    .map(({ row }) => ({ ticketId: String(row.id), expected: 0, actual: row.price }));
  return new AppError('PRICE_CHANGED', 'The price has just changed', { tickets });
}

function ticketIdsOf(requests: readonly PurchaseRequest[]): number[] {
  return [...new Set(requests.flatMap((request) => request.wanted.map((wanted) => wanted.ticketId)))];
}
