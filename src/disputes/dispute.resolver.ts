import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import { catalogLoaders, type Memberships } from '../catalog/index.js';
import type { RequestContext } from '../graphql/context.js';
import { Order } from '../orders/entities.js';
import { Dispute } from './dispute.entity.js';
import { disputeLoaders } from './loaders.js';

@Resolver(() => Order)
export class OrderDisputesResolver {
  constructor(private readonly memberships: Memberships) {}

  @FieldResolver(() => [Dispute], {
    nullable: true,
    description: "Oldest first. Null for whoever is not of the producer's team.",
  })
  async disputes(@Root() order: Order, @Ctx() context: RequestContext): Promise<Dispute[] | null> {
    if (context.viewer() === null) return null;
    const [own, show] = await Promise.all([
      context.use(this.memberships.own),
      context.use(catalogLoaders).show.load(order.showId),
    ]);
    if (!own.has(show.producerId)) return null;
    return context.counted(context.use(disputeLoaders).disputesOfOrder.load(order.id));
  }
}
