import { randomUUID } from 'node:crypto';
import { purchase, signUp } from '../support/fixtures.js';
import { signUpOperator } from '../support/operators.js';
import type { World } from '../support/world.js';
import type { Known } from './random-documents.js';

/** Who may be behind a request, and what there is to be found. */
export interface People {
  /** Nobody, a stranger, a seller and an operator. */
  readonly tokens: readonly (string | undefined)[];
  readonly known: Known;
}

export async function people(world: World): Promise<People> {
  const { seller, show } = await world.sell({
    tickets: [{ quantity: 1_000_000 }, { price: 1_200, quantity: 1_000_000 }],
  });
  const [stranger, operator] = [await signUp(world.server), await signUpOperator(world)];
  const [free, paid] = show.tickets.map(({ id }) => id);
  const bought = await Promise.all(
    [free, paid].map((ticketId) =>
      purchase(world.server, { showId: show.id, items: [{ ticketId: String(ticketId), quantity: 1 }] }),
    ),
  );
  const orders = bought.flatMap(({ order, accessToken }) => [order.id, accessToken]);
  return {
    tokens: [undefined, stranger.token, seller.token, operator.token],
    known: [
      show.id,
      show.id,
      String(free),
      String(paid),
      show.producerId,
      ...orders,
      randomUUID(),
      '2147483647',
    ],
  };
}
