import { Arg, Ctx, FieldResolver, ID, Mutation, Resolver, Root } from 'type-graphql';
import type { RequestContext } from '../graphql/context.js';
import { Attendee, Order } from '../orders/entities.js';
import { orderLoaders } from '../orders/index.js';
import { refundLoaders } from './loaders.js';
import { Refund } from './refund.entity.js';
import { RefundOrderInput } from './refund.inputs.js';
import type { RefundService } from './refund.service.js';

@Resolver(() => Refund)
export class RefundResolver {
  constructor(private readonly refunds: RefundService) {}

  @Mutation(() => Refund, {
    description:
      "By the producer's team. The tickets are void at once; the money goes back as soon as Stripe takes the refund on. Free tickets are taken back without money.",
  })
  async refundOrder(
    @Arg('input', () => RefundOrderInput) input: RefundOrderInput,
    @Ctx() context: RequestContext,
  ): Promise<Refund> {
    return this.refunds.refund(context.em, context.signedIn(), input);
  }

  @Mutation(() => Refund, { description: "Tries a refund that failed once more. By the producer's team." })
  async retryRefund(@Arg('id', () => ID) id: string, @Ctx() context: RequestContext): Promise<Refund> {
    return this.refunds.retry(context.em, context.signedIn(), id);
  }

  @FieldResolver(() => Order)
  order(@Root() refund: Refund, @Ctx() context: RequestContext): Promise<Order> {
    return context.use(orderLoaders).order.load(refund.orderId);
  }

  @FieldResolver(() => [Attendee], { description: 'Whose tickets were taken back.' })
  attendees(@Root() refund: Refund, @Ctx() context: RequestContext): Promise<Attendee[]> {
    return context.counted(context.use(refundLoaders).attendeesOfRefund.load(refund.id));
  }
}

@Resolver(() => Order)
export class OrderRefundsResolver {
  @FieldResolver(() => [Refund], { description: 'Oldest first, those that failed too.' })
  refunds(@Root() order: Order, @Ctx() context: RequestContext): Promise<Refund[]> {
    return context.counted(context.use(refundLoaders).refundsOfOrder.load(order.id));
  }
}
