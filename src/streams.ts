import { notFound } from './errors.js';
import type { Streams } from './graphql/context.js';
import type { Services } from './services.js';
import { parseShowId } from './validation/ids.js';

/** Where each subscription comes from, and who may have it. */
export function createStreams({ catalogReader, stream, orders, orderEvents }: Services): Streams {
  return {
    async inventoryChanged(context, showId) {
      const id = parseShowId(showId, 'showId');
      // From memory where the show is public: thousands may come in the same instant.
      if ((await catalogReader.show(context, showId)) === null) throw notFound('Show not found');
      return stream.subscribe(id);
    },
    async orderUpdated(context, id, accessToken) {
      const order = await orders.require(context.em, context.viewer(), id, accessToken);
      return orderEvents.subscribe(order.id);
    },
  };
}
