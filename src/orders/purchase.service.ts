import type { EntityManager } from '@mikro-orm/postgresql';
import type { RateLimits, Viewer } from '../accounts/index.js';
import { Producer, type Show } from '../catalog/entities.js';
import type { ShowService } from '../catalog/index.js';
import { AppError, isAppError } from '../errors.js';
import type { InventoryCounters, InventoryStream } from '../inventory/index.js';
import type { Logger } from '../logging.js';
import type { Metrics } from '../metrics.js';
import { providerUnavailable } from '../payments/index.js';
import { Order, OrderStatus } from './order.entity.js';
import type { OrderCheckout } from './order-checkout.js';
import type { OrderLifecycle } from './order-lifecycle.service.js';
import type { Purchase } from './order-placement.js';
import type { OrderTokens } from './order-tokens.js';
import type { ExecutedPurchase, PurchaseExecutor } from './purchase-executor.js';
import { decodePurchase, type PurchaseInput, type PurchaseRequest } from './purchase-request.js';
import { pricePurchase } from './purchase-rules.js';

export interface PurchaseResult {
  readonly order: Order;
  readonly checkoutUrl: string | null;
  readonly accessToken: string;
}

/** The whole way of a purchase, from its input to the page where the buyer pays. */
export class PurchaseService {
  constructor(
    private readonly shows: Pick<ShowService, 'requireVisible'>,
    private readonly counters: InventoryCounters,
    private readonly executor: PurchaseExecutor,
    private readonly inventory: InventoryStream,
    private readonly checkout: OrderCheckout,
    private readonly lifecycle: OrderLifecycle,
    private readonly tokens: OrderTokens,
    private readonly limits: RateLimits,
    private readonly metrics: Metrics,
    private readonly logger: Logger,
  ) {}

  /**
   * Free orders are confirmed at once; others hold their inventory until `expiresAt` and are paid on
   * `checkoutUrl`.
   *
   * @throws AppError BAD_USER_INPUT, NOT_FOUND, SHOW_NOT_ON_SALE, TICKET_NOT_ON_SALE, LIMIT_EXCEEDED,
   * PRICE_CHANGED, PRODUCER_NOT_PAYABLE, SOLD_OUT, INVENTORY_BUSY, IDEMPOTENCY_KEY_REUSED, RATE_LIMITED,
   * PAYMENT_PROVIDER_UNAVAILABLE; nothing is held after any of them
   */
  async purchase(
    em: EntityManager,
    viewer: Viewer | null,
    clientAddress: string,
    input: PurchaseInput,
  ): Promise<PurchaseResult> {
    try {
      const request = decodePurchase(input);
      await this.limits.purchase(clientAddress, request.email);
      const result = await this.purchaseOnce(em, viewer, request);
      this.metrics.purchases.inc({ outcome: result.order.status });
      return result;
    } catch (error) {
      this.metrics.purchases.inc({ outcome: isAppError(error) ? error.code : 'INTERNAL_SERVER_ERROR' });
      throw error;
    }
  }

  private async purchaseOnce(
    em: EntityManager,
    viewer: Viewer | null,
    request: PurchaseRequest,
  ): Promise<PurchaseResult> {
    const known = await this.findKnown(em, request);
    if (known !== null) return this.answer(em, known, 'known');
    const placed = await this.placeUnlessKnown(em, viewer, request);
    if (placed instanceof Order) return this.answer(em, placed, 'known');
    this.inventory.publish(placed.tickets);
    this.logger.info(
      {
        orderId: placed.order.id,
        showId: request.showId,
        status: placed.order.status,
        lockWaitMs: placed.lock.waitedMs,
      },
      'An order was made',
    );
    return this.answer(em, await em.findOneOrFail(Order, { id: placed.order.id }), 'new');
  }

  /** @returns the order that the same purchase, sent twice at once, has made meanwhile by the other try */
  private async placeUnlessKnown(
    em: EntityManager,
    viewer: Viewer | null,
    request: PurchaseRequest,
  ): Promise<ExecutedPurchase | Order> {
    try {
      return await this.executor.execute(await this.prepare(em, viewer, request));
    } catch (error) {
      // Whatever stood in the way, the last ticket taken or the key used, may be the other try's doing.
      const known = await this.findKnown(em, request);
      if (known === null) throw error;
      return known;
    }
  }

  /** Refuses what is wrong before it takes anybody's place in the queue. */
  private async prepare(
    em: EntityManager,
    viewer: Viewer | null,
    request: PurchaseRequest,
  ): Promise<Purchase> {
    const show = await this.shows.requireVisible(em, viewer, request.showId);
    const ticketIds = request.wanted.map((wanted) => wanted.ticketId);
    const priced = pricePurchase(request, await this.counters.read(em, ticketIds), new Date());
    const producer = priced.total > 0 ? await this.payableProducer(em, show) : null;
    return { request, buyerId: viewer?.userId ?? null, stripeAccountId: producer?.stripeAccountId ?? null };
  }

  private async payableProducer(em: EntityManager, show: Show): Promise<Producer> {
    const producer = await em.findOneOrFail(Producer, { id: show.producerId });
    if (producer.canAcceptPayments && producer.stripeAccountId !== null) return producer;
    throw new AppError('PRODUCER_NOT_PAYABLE', 'This producer cannot take payments yet');
  }

  /** @throws AppError IDEMPOTENCY_KEY_REUSED when the key came with another input */
  private async findKnown(em: EntityManager, request: PurchaseRequest): Promise<Order | null> {
    if (request.idempotencyKey === null) return null;
    const [row] = await em.execute<{ id: string }[]>(
      'select id from orders where show_id = ? and lower(email) = lower(?) and idempotency_key = ?',
      [request.showId, request.email, request.idempotencyKey],
    );
    if (row === undefined) return null;
    const order = await em.findOneOrFail(Order, { id: row.id });
    if (order.inputHash === request.inputHash) return order;
    throw new AppError('IDEMPOTENCY_KEY_REUSED', 'This idempotency key was used for another purchase', {
      field: 'idempotencyKey',
    });
  }

  private async answer(em: EntityManager, order: Order, age: 'new' | 'known'): Promise<PurchaseResult> {
    if (order.status === OrderStatus.PENDING) await this.ensureSession(em, order, age);
    return { order, checkoutUrl: order.checkoutUrl(), accessToken: this.tokens.tokenOf(order.id) };
  }

  /**
   * The same purchase may be on its way twice: only the try that made the order gives it up, and
   * neither fails once the other one has its page.
   */
  private async ensureSession(em: EntityManager, order: Order, age: 'new' | 'known'): Promise<void> {
    try {
      await this.checkout.ensureSession(em, order);
    } catch (error) {
      if (age === 'new') await this.abandon(order.id);
      await em.refresh(order);
      if (order.checkoutSessionId === null) throw error;
    }
    // Given up by the try that made it before this one had the page, which nobody will see.
    if (order.status === OrderStatus.CANCELLED) throw providerUnavailable({ retryAfterMs: 1_000 });
  }

  /** What cannot be given back now is given back when the hold ends; the buyer's error is another. */
  private async abandon(orderId: string): Promise<void> {
    try {
      await this.lifecycle.abandon(orderId);
    } catch (error) {
      this.logger.error(
        { err: error, orderId },
        'The hold of an order without session could not be given back',
      );
    }
  }
}
