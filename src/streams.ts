import type { Streams } from './graphql/context.js';
import type { Services } from './services.js';
import { parseShowId } from './validation/ids.js';

/** Where each subscription comes from, and who may have it. */
export function createStreams({ shows, stream, orders, orderEvents }: Services): Streams {
  return {
    async inventoryChanged(context, showId) {
      const id = parseShowId(showId, 'showId');
      await shows.requireVisible(context.em, context.viewer(), id);
      return stream.subscribe(id);
    },
    async orderUpdated(context, id, accessToken) {
      const order = await orders.require(context.em, context.viewer(), id, accessToken);
      return orderEvents.subscribe(order.id);
    },
  };
}
