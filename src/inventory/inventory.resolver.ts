import { Arg, ID, Resolver, Root, Subscription } from 'type-graphql';
import type { RequestContext } from '../graphql/context.js';
import { InventoryUpdate } from './inventory-update.js';

@Resolver()
export class InventoryResolver {
  @Subscription(() => InventoryUpdate, {
    description: 'First the whole show, then what changed, at most one message per 50 ms.',
    subscribe: ({ args, context }) =>
      (context as RequestContext).streams.inventoryChanged(context, args.showId),
  })
  inventoryChanged(
    @Arg('showId', () => ID) _showId: string,
    @Root() update: InventoryUpdate,
  ): InventoryUpdate {
    return update;
  }
}
