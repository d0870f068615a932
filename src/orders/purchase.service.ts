import type { RateLimits, Viewer } from '../accounts/index.js';
import type { ProducerService, SaleReader } from '../catalog/index.js';
import { newId } from '../database/index.js';
import { AppError, isAppError, notFound } from '../errors.js';
import type { Logger } from '../logging.js';
import type { Metrics } from '../metrics.js';
import {
  type CheckoutOpening,
  type Operation,
  type PurchaseResult,
  whileSomebodyWaits,
} from './checkout-opening.js';
import type { KnownOrders } from './known-orders.js';
import { Order, OrderStatus } from './order.entity.js';
import type { Purchase } from './order-placement.js';
import type { ExecutedPurchase, PurchaseExecutor } from './purchase-executor.js';
import { decodePurchase, type PurchaseInput, type PurchaseRequest } from './purchase-request.js';
import { pricePurchase } from './purchase-rules.js';

/** The whole way of a purchase, from its input to the page where the buyer pays. */
export class PurchaseService {
  private readonly orderLog: Logger;

  constructor(
    private readonly sales: Pick<SaleReader, 'find'>,
    private readonly producers: Pick<ProducerService, 'isMember'>,
    private readonly executor: PurchaseExecutor,
    private readonly known: Pick<KnownOrders, 'find'>,
    private readonly opening: CheckoutOpening,
    private readonly limits: RateLimits,
    private readonly metrics: Metrics,
    logger: Logger,
  ) {
    // Its line has ids only; to look for secrets in it would cost five times as much as to write it.
    this.orderLog = logger.child({}, { redact: [] });
  }

  /**
   * Free orders are confirmed at once; others hold their inventory until `expiresAt` and are paid on
   * `checkoutUrl`.
   *
   * @param signal aborted when nobody waits for the answer any more
   * @throws AppError BAD_USER_INPUT, NOT_FOUND, SHOW_NOT_ON_SALE, TICKET_NOT_ON_SALE, LIMIT_EXCEEDED,
   * PRICE_CHANGED, PRODUCER_NOT_PAYABLE, SOLD_OUT, INVENTORY_BUSY, IDEMPOTENCY_KEY_REUSED, RATE_LIMITED,
   * UNAUTHENTICATED where the viewer's account was erased, PAYMENT_PROVIDER_UNAVAILABLE (with what `createCheckout` needs); nothing is held after any of them
   */
  async purchase(
    operation: Operation,
    viewer: Viewer | null,
    clientAddress: string,
    input: PurchaseInput,
    signal?: AbortSignal,
  ): Promise<PurchaseResult> {
    try {
      const request = decodePurchase(input);
      await this.limits.purchase(clientAddress, viewer?.userId ?? request.email);
      const result = await this.purchaseOnce(operation, viewer, request, signal);
      this.metrics.purchases.inc({ outcome: result.order.status });
      return result;
    } catch (error) {
      this.metrics.purchases.inc({ outcome: isAppError(error) ? error.code : 'INTERNAL_SERVER_ERROR' });
      throw error;
    }
  }

  private async purchaseOnce(
    operation: Operation,
    viewer: Viewer | null,
    request: PurchaseRequest,
    signal: AbortSignal | undefined,
  ): Promise<PurchaseResult> {
    const since = Date.now();
    const executed = await this.execute(operation, viewer, request, signal);
    const open = (order: Order, age: 'new' | 'known') =>
      whileSomebodyWaits(since, () => this.opening.open(operation, order, age));
    if (executed instanceof Order) return open(executed, 'known');
    const { placed, waitedMs } = executed;
    const { id: orderId, status } = placed.order;
    this.orderLog.info(
      { orderId, showId: request.showId, status, lockWaitMs: waitedMs },
      'An order was made',
    );
    if (status === OrderStatus.CONFIRMED) return this.opening.open(operation, placed.order, 'new');
    return open(await operation.em.findOneOrFail(Order, { id: orderId }), 'new');
  }

  /** @returns the order that this purchase has made before, or by the other of two tries at once */
  private async execute(
    operation: Operation,
    viewer: Viewer | null,
    request: PurchaseRequest,
    signal: AbortSignal | undefined,
  ): Promise<Extract<ExecutedPurchase, { kind: 'placed' }> | Order> {
    try {
      const executed = await this.executor.execute(await this.prepare(operation, viewer, request), signal);
      if (executed.kind === 'placed') return executed;
      return sameInput(await operation.em.findOneOrFail(Order, { id: executed.orderId }), request);
    } catch (error) {
      if (signal?.aborted) throw error;
      // Whatever stood in the way, the last ticket taken or the key used, may be the other try's doing.
      const known = await this.findKnown(operation, request);
      if (known === null) throw error;
      return known;
    }
  }

  /** Refuses what is wrong before it takes anybody's place in the queue. */
  private async prepare(
    operation: Operation,
    viewer: Viewer | null,
    request: PurchaseRequest,
  ): Promise<Purchase> {
    const sale = await this.sales.find(request.showId);
    const hidden =
      sale?.status === 'DRAFT' && !(await this.producers.isMember(operation.em, viewer, sale.producerId));
    if (sale === null || hidden) throw notFound('Show not found');
    const priced = pricePurchase(request, sale.tickets, sale.tickets[0]?.readAt ?? new Date());
    const payable = sale.canAcceptPayments && sale.stripeAccountId !== null;
    if (priced.total > 0 && !payable) {
      throw new AppError('PRODUCER_NOT_PAYABLE', 'This producer cannot take payments yet');
    }
    return {
      orderId: newId(),
      request,
      buyerId: viewer?.userId ?? null,
      stripeAccountId: priced.total > 0 ? sale.stripeAccountId : null,
      platformFeePercent: sale.platformFeePercent,
      showTitle: sale.title,
    };
  }

  /** @throws AppError IDEMPOTENCY_KEY_REUSED when the key came with another input */
  private async findKnown(operation: Operation, request: PurchaseRequest): Promise<Order | null> {
    const known = await this.known.find(request);
    if (known === null) return null;
    return sameInput(await operation.em.findOneOrFail(Order, { id: known.id }), request);
  }
}

/** @throws AppError IDEMPOTENCY_KEY_REUSED when the key came with another input */
function sameInput(order: Order, request: PurchaseRequest): Order {
  if (order.inputHash === request.inputHash) return order;
  throw new AppError('IDEMPOTENCY_KEY_REUSED', 'This idempotency key was used for another purchase', {
    field: 'idempotencyKey',
  });
}
