import { Arg, Ctx, ID, Int, Mutation, Query, Resolver, Root, Subscription } from 'type-graphql';
import { connectionType, edgeType } from '../graphql/connection.js';
import type { RequestContext } from '../graphql/context.js';
import type { CheckoutService } from './checkout.service.js';
import { Order } from './order.entity.js';
import type { OrderService } from './order.service.js';
import { PurchaseTicketsInput, PurchaseTicketsPayload } from './purchase.inputs.js';
import type { PurchaseService } from './purchase.service.js';

const OrderEdge = edgeType('Order', Order);
const OrderConnection = connectionType('Order', Order, OrderEdge);

@Resolver()
export class OrderResolver {
  constructor(
    private readonly orders: OrderService,
    private readonly purchases: PurchaseService,
    private readonly checkouts: CheckoutService,
  ) {}

  @Query(() => Order, {
    nullable: true,
    description: "By its buyer, its producer's team, or with the order's access token.",
  })
  async order(
    @Arg('id', () => ID) id: string,
    @Arg('accessToken', () => String, { nullable: true }) accessToken: string | null,
    @Ctx() context: RequestContext,
  ): Promise<Order | null> {
    return this.orders.find(context.em, context.viewer(), id, accessToken);
  }

  @Query(() => OrderConnection, { name: 'orders', description: "The viewer's own orders, newest first." })
  async ownOrders(
    @Arg('first', () => Int, { defaultValue: 20, nullable: true }) first: number | null,
    @Arg('after', () => String, { nullable: true }) after: string | null | undefined,
    @Ctx() context: RequestContext,
  ) {
    return new OrderConnection(await this.orders.page(context.em, context.signedIn(), first ?? 20, after));
  }

  @Mutation(() => PurchaseTicketsPayload)
  async purchaseTickets(
    @Arg('input', () => PurchaseTicketsInput) input: PurchaseTicketsInput,
    @Ctx() context: RequestContext,
  ): Promise<PurchaseTicketsPayload> {
    return this.purchases.purchase(context, context.viewer(), context.clientAddress, input, context.signal);
  }

  @Mutation(() => PurchaseTicketsPayload, {
    description:
      'The page where an order is paid: makes it where it could not be made in time, or was not made; however often it is asked for.',
  })
  async createCheckout(
    @Arg('orderId', () => ID) orderId: string,
    @Arg('accessToken', () => String, { nullable: true }) accessToken: string | null,
    @Ctx() context: RequestContext,
  ): Promise<PurchaseTicketsPayload> {
    const { em, clientAddress } = context;
    return this.checkouts.createCheckout(em, context.viewer(), clientAddress, orderId, accessToken);
  }

  @Mutation(() => Order, {
    description:
      "After Stripe's redirect, or whenever a client wants to know: asks Stripe, and confirms the order once.",
  })
  async completeCheckout(
    @Arg('sessionId', () => String) sessionId: string,
    @Ctx() context: RequestContext,
  ): Promise<Order> {
    return this.orders.completeCheckout(context.em, context.clientAddress, sessionId);
  }

  @Mutation(() => Order, { description: "Gives a PENDING order's inventory back." })
  async cancelOrder(
    @Arg('id', () => ID) id: string,
    @Arg('accessToken', () => String, { nullable: true }) accessToken: string | null,
    @Ctx() context: RequestContext,
  ): Promise<Order> {
    return this.orders.cancel(context.em, context.viewer(), id, accessToken);
  }

  @Subscription(() => Order, {
    description: 'The order as it is at once, and again whenever it changes.',
    subscribe: ({ args, context }) =>
      (context as RequestContext).streams.orderUpdated(context, args.id, args.accessToken),
  })
  async orderUpdated(
    @Arg('id', () => ID) _id: string,
    @Arg('accessToken', () => String, { nullable: true }) _accessToken: string | null,
    @Root() orderId: string,
    @Ctx() context: RequestContext,
  ): Promise<Order> {
    context.renewAnswer();
    return context.em.findOneOrFail(Order, { id: orderId });
  }
}
