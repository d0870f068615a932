import type { EntityManager } from '@mikro-orm/postgresql';
import type { SaleReader } from '../catalog/index.js';
import { databaseNow, type Orm } from '../database/index.js';
import { AppError, conflict } from '../errors.js';
import type { InventoryCounters, InventoryStream, TicketLocks, TicketRow } from '../inventory/index.js';
import type { Logger } from '../logging.js';
import { findKnownOrders, keyOf } from './known-orders.js';
import { type Order, OrderStatus, PaymentStatus } from './order.entity.js';
import type { OrderEvents } from './order-events.js';
import { OrderLine } from './order-line.entity.js';
import { firstCheckAt } from './order-placement.js';
import { lockedOrder } from './order-settlement.js';
import { pricePurchase } from './purchase-rules.js';

/** Whether its session could not be made in time, and neither the buyer nor anything else has ended it since. */
export function isGivenUp(order: Order): boolean {
  return (
    order.status === OrderStatus.CANCELLED &&
    order.paymentStatus === PaymentStatus.UNPAID &&
    order.cancelRequestedAt === null
  );
}

/** Whether it holds its inventory, and has no page to be paid on. */
export function lacksSession(order: Order): boolean {
  return (
    order.status === OrderStatus.PENDING &&
    order.paymentStatus === PaymentStatus.UNPAID &&
    order.cancelRequestedAt === null &&
    order.checkoutSessionId === null
  );
}

/** Begins another attempt at the session of an order, with inventory and a hold of its own. */
export class OrderReopening {
  constructor(
    private readonly orm: Orm,
    private readonly sales: Pick<SaleReader, 'find'>,
    private readonly locks: TicketLocks,
    private readonly counters: InventoryCounters,
    private readonly inventory: InventoryStream,
    private readonly events: OrderEvents,
    private readonly holdMinutes: number,
    private readonly logger: Logger,
  ) {}

  /**
   * Takes the inventory of an order again that was given up, under the rules and guards of a purchase; an order
   * that still holds it gets its time anew. The buyer has been told the prices that the order has.
   *
   * @param order as it was when no session of its attempt could be paid any more; if it has moved on, nothing
   * is done
   * @throws AppError PRODUCER_NOT_PAYABLE, SHOW_NOT_ON_SALE, TICKET_NOT_ON_SALE, LIMIT_EXCEEDED, PRICE_CHANGED,
   * SOLD_OUT, INVENTORY_BUSY; CONFLICT with `status` where the same purchase, sent again, has made another order
   * @returns whether this call has begun the attempt, and not another at the same time
   */
  async reopen(order: Order): Promise<boolean> {
    const account = await this.payableAccount(order.showId);
    const lines = await this.orm.em.fork().find(OrderLine, { orderId: order.id });
    const tickets = lines.map(({ ticketId }) => ({ showId: order.showId, ticketId }));
    const changed = await this.locks.hold(tickets, (signal) =>
      this.orm.em.fork().transactional(async (em) => {
        const taken = await this.begin(em, order, account);
        // Whoever lost the locks must not commit on top of those who hold them now.
        signal.throwIfAborted();
        return taken;
      }),
    );
    if (changed === undefined) return false;
    this.inventory.publish(changed);
    this.events.publish(order.id);
    this.logger.info({ orderId: order.id }, 'An order was opened again');
    return true;
  }

  /** @throws AppError PRODUCER_NOT_PAYABLE */
  async payableAccount(showId: number): Promise<string> {
    const sale = await this.sales.find(showId);
    if (sale?.canAcceptPayments && sale.stripeAccountId !== null) return sale.stripeAccountId;
    throw new AppError('PRODUCER_NOT_PAYABLE', 'This producer cannot take payments now');
  }

  /** @returns the tickets whose counters moved; undefined where the order has moved on */
  private async begin(em: EntityManager, known: Order, account: string): Promise<TicketRow[] | undefined> {
    const order = await lockedOrder(em, known.id);
    if (order.checkoutAttempt !== known.checkoutAttempt) return undefined;
    const givenUp = isGivenUp(order) && order.checkAt === null;
    if (!givenUp && !lacksSession(order)) return undefined;
    const tickets = givenUp ? await this.takeAgain(em, order) : [];
    const now = await databaseNow(em);
    order.status = OrderStatus.PENDING;
    order.endedAt = null;
    order.checkoutAttempt += 1;
    order.reopenedAt = now;
    order.expiresAt = new Date(now.getTime() + this.holdMinutes * 60_000);
    order.checkAt = firstCheckAt(now, order.expiresAt);
    order.checkoutSessionId = null;
    order.checkoutPage = null;
    order.stripeAccountId = account;
    await em.flush();
    return tickets;
  }

  private async takeAgain(em: EntityManager, order: Order): Promise<TicketRow[]> {
    const lines = await em.find(OrderLine, { orderId: order.id }, { orderBy: { position: 'asc' } });
    const rows = await this.counters.lock(
      em,
      lines.map((line) => line.ticketId),
    );
    const wanted = lines.map(({ ticketId, quantity, unitAmount }) => ({
      ticketId,
      quantity,
      expectedUnitPrices: [unitAmount],
    }));
    pricePurchase({ showId: order.showId, wanted }, rows, await databaseNow(em));
    await this.takeKeyAgain(em, order);
    return this.counters.change(
      em,
      lines.map((line) => ({ ticketId: line.ticketId, held: line.quantity, sold: 0 })),
    );
  }

  /** The tickets are locked: no purchase with the same key can be under way. */
  private async takeKeyAgain(em: EntityManager, order: Order): Promise<void> {
    const { showId, email, releasedIdempotencyKey: idempotencyKey } = order;
    if (idempotencyKey === null) return;
    const scope = { showId, email, idempotencyKey };
    const other = (await findKnownOrders(em, [scope])).get(keyOf(scope));
    if (other !== undefined) {
      throw conflict('The same purchase was sent again meanwhile, and has made another order', {
        status: order.status,
        paymentStatus: order.paymentStatus,
      });
    }
    order.idempotencyKey = idempotencyKey;
    order.releasedIdempotencyKey = null;
  }
}
