import type { EntityManager } from '@mikro-orm/postgresql';
import type { RateLimits, Viewer } from '../accounts/index.js';
import { Show } from '../catalog/entities.js';
import type { ProducerService } from '../catalog/index.js';
import { badUserInput, notFound, unauthenticated } from '../errors.js';
import { isMissingAtStripe } from '../payments/index.js';
import { isUuid, parseOrderId } from '../validation/ids.js';
import { decodeCursor, encodeCursor, type Page, pageSize } from '../validation/paging.js';
import { whileSomebodyWaits } from './checkout-opening.js';
import { Order } from './order.entity.js';
import type { OrderLifecycle } from './order-lifecycle.service.js';
import type { OrderTokens } from './order-tokens.js';

const SESSION_ID = /^cs_[A-Za-z0-9_]{4,250}$/;

/** Orders as their buyers and producers see them. */
export class OrderService {
  constructor(
    private readonly producers: ProducerService,
    private readonly lifecycle: OrderLifecycle,
    private readonly tokens: OrderTokens,
    private readonly limits: Pick<RateLimits, 'checkout'>,
  ) {}

  /** Null when there is none, or it is not for this viewer. @throws AppError BAD_USER_INPUT */
  async find(
    em: EntityManager,
    viewer: Viewer | null,
    id: string,
    accessToken?: string | null,
  ): Promise<Order | null> {
    const orderId = parseOrderId(id);
    const order = await em.findOne(Order, { id: orderId });
    return order && (await this.mayRead(em, viewer, order, accessToken)) ? order : null;
  }

  /** @throws AppError NOT_FOUND */
  async require(
    em: EntityManager,
    viewer: Viewer | null,
    id: string,
    accessToken?: string | null,
  ): Promise<Order> {
    const order = await this.find(em, viewer, id, accessToken);
    if (order === null) throw notFound('Order not found');
    return order;
  }

  /** @throws AppError NOT_FOUND for what the viewer may not know of, FORBIDDEN for what it may only see */
  async requireManaged(em: EntityManager, viewer: Viewer, id: string, field = 'id'): Promise<Order> {
    const order = await this.require(em, viewer, parseOrderId(id, field));
    const show = await em.findOneOrFail(Show, { id: order.showId });
    await this.producers.requireMember(em, viewer, show.producerId);
    return order;
  }

  /** The viewer's own orders, newest first. */
  async page(em: EntityManager, viewer: Viewer, first: number, after?: string | null): Promise<Page<Order>> {
    const size = pageSize(first);
    const position = after == null ? null : decodeCursor(after, isUuid);
    const own = { buyerId: viewer.userId };
    const older = position && {
      $or: [{ createdAt: { $lt: position.at } }, { createdAt: position.at, id: { $lt: position.id } }],
    };
    const found = await em.find(Order, older ? { $and: [own, older] } : own, {
      orderBy: { createdAt: 'desc', id: 'desc' },
      limit: size + 1,
    });
    const nodes = found.slice(0, size);
    return {
      edges: nodes.map((node) => ({ node, cursor: encodeCursor({ at: node.createdAt, id: node.id }) })),
      hasNextPage: found.length > size,
      hasPreviousPage: position !== null,
      countAll: () => em.count(Order, own),
    };
  }

  /**
   * Asks Stripe what became of the session and lets the order follow; the session's id serves as the
   * order's access token.
   *
   * @throws AppError BAD_USER_INPUT, NOT_FOUND, RATE_LIMITED, PAYMENT_PROVIDER_UNAVAILABLE; INVENTORY_BUSY where so many
   * orders are being settled that this one's turn did not come
   */
  async completeCheckout(em: EntityManager, clientAddress: string, sessionId: string): Promise<Order> {
    const since = Date.now();
    if (!SESSION_ID.test(sessionId)) throw badUserInput('sessionId', 'Invalid Checkout Session ID format');
    await this.limits.checkout(clientAddress, sessionId);
    const order = await em.findOne(Order, { checkoutSessionId: sessionId });
    if (order === null) throw notFound('Order not found');
    try {
      await whileSomebodyWaits(since, () => this.lifecycle.synchronize(order.id, sessionId));
    } catch (error) {
      if (isMissingAtStripe(error)) throw notFound('Order not found');
      throw error;
    }
    await em.refresh(order);
    return order;
  }

  /**
   * Cancelling twice answers with the cancelled order.
   *
   * @throws AppError UNAUTHENTICATED without account and token; NOT_FOUND; CONFLICT with `status`
   */
  async cancel(
    em: EntityManager,
    viewer: Viewer | null,
    id: string,
    accessToken?: string | null,
  ): Promise<Order> {
    if (viewer === null && !accessToken) throw unauthenticated("Sign in, or send the order's access token");
    const order = await this.require(em, viewer, id, accessToken);
    const actorId = await this.ofTeam(em, viewer, order);
    await whileSomebodyWaits(Date.now(), () => this.lifecycle.cancel(order, actorId));
    await em.refresh(order);
    return order;
  }

  private async mayRead(
    em: EntityManager,
    viewer: Viewer | null,
    order: Order,
    accessToken: string | null | undefined,
  ): Promise<boolean> {
    if (accessToken && this.tokens.matches(order.id, accessToken)) return true;
    if (viewer === null) return false;
    if (order.buyerId === viewer.userId) return true;
    return (await this.ofTeam(em, viewer, order)) !== null;
  }

  /** @returns the viewer's id where it is somebody else's order, and the viewer of its producer's team; else null */
  private async ofTeam(em: EntityManager, viewer: Viewer | null, order: Order): Promise<string | null> {
    if (viewer === null || order.buyerId === viewer.userId) return null;
    const show = await em.findOneOrFail(Show, { id: order.showId });
    return (await this.producers.isMember(em, viewer, show.producerId)) ? viewer.userId : null;
  }
}
