import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import { Show, Ticket } from '../catalog/entities.js';
import { catalogLoaders } from '../catalog/index.js';
import type { RequestContext } from '../graphql/context.js';
import { Money } from '../graphql/money.js';
import { Attendee } from './attendee.entity.js';
import { orderLoaders } from './loaders.js';
import { Order } from './order.entity.js';
import { OrderLine } from './order-line.entity.js';

@Resolver(() => Order)
export class OrderFieldsResolver {
  @FieldResolver(() => Show)
  show(@Root() order: Order, @Ctx() context: RequestContext): Promise<Show> {
    return context.use(catalogLoaders).show.load(order.showId);
  }

  @FieldResolver(() => [OrderLine])
  lines(@Root() order: Order, @Ctx() context: RequestContext): Promise<OrderLine[]> {
    return context.counted(context.use(orderLoaders).linesOfOrder.load(order.id));
  }

  @FieldResolver(() => [Attendee])
  attendees(@Root() order: Order, @Ctx() context: RequestContext): Promise<Attendee[]> {
    return context.counted(context.use(orderLoaders).attendeesOfOrder.load(order.id));
  }
}

@Resolver(() => OrderLine)
export class OrderLineResolver {
  @FieldResolver(() => Ticket)
  ticket(@Root() line: OrderLine, @Ctx() context: RequestContext): Promise<Ticket> {
    return context.use(catalogLoaders).ticket.load(line.ticketId);
  }

  @FieldResolver(() => Money, {
    description: "The price at the time of purchase; a later change of the ticket's price does not move it.",
  })
  async unitPrice(@Root() line: OrderLine, @Ctx() context: RequestContext): Promise<Money> {
    const order = await context.use(orderLoaders).order.load(line.orderId);
    return { amount: line.unitAmount, currency: order.currency };
  }

  @FieldResolver(() => [Attendee])
  attendees(@Root() line: OrderLine, @Ctx() context: RequestContext): Promise<Attendee[]> {
    return context.counted(context.use(orderLoaders).attendeesOfLine.load(line.id));
  }
}

@Resolver(() => Attendee)
export class AttendeeResolver {
  @FieldResolver(() => Ticket)
  ticket(@Root() attendee: Attendee, @Ctx() context: RequestContext): Promise<Ticket> {
    return context.use(catalogLoaders).ticket.load(attendee.ticketId);
  }
}
