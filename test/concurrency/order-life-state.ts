import { auditInventory } from '../support/audit.js';
import { type PublishedShow, type Purchase, readOrder } from '../support/fixtures.js';
import { counters, settlesAs } from '../support/order-life.js';
import type { TestServer } from '../support/server.js';
import type { World } from '../support/world.js';

/** Of each ticket, in minor units. */
export const PRICE = 2500;

export type Dispute = 'none' | 'open' | 'won' | 'lost';

/** What an order should be: at Stripe, and here. */
export interface ModelOrder {
  readonly quantity: number;
  session: 'open' | 'paid' | 'expired';
  /** Of an order that is confirmed, without what happened to its money since. */
  state: string;
  /** Tickets taken back by refunds of ours. */
  revoked: number;
  /** Minor units, by refunds of ours. */
  refunded: number;
  /** Minor units, by refunds that were made at Stripe; and as much of it as we know of. */
  refundedAtStripe: number;
  heardOfRefunds: number;
  /** At Stripe; and as we know of it. */
  dispute: Dispute;
  heardOfDispute: Dispute;
}

export interface Model {
  readonly capacity: number;
  readonly orders: ModelOrder[];
}

export interface Real {
  readonly world: World;
  readonly show: PublishedShow;
  readonly sellerToken: string;
  readonly purchases: Purchase[];
  /** Kills the process that serves in the midst of what is going on, and starts it again. */
  crash(after: number): Promise<void>;
}

export const PENDING = 'PENDING + UNPAID';
export const CONFIRMED = 'CONFIRMED + PAID';

export const newOrder = (quantity: number): ModelOrder => ({
  quantity,
  session: 'open',
  state: PENDING,
  revoked: 0,
  refunded: 0,
  refundedAtStripe: 0,
  heardOfRefunds: 0,
  dispute: 'none',
  heardOfDispute: 'none',
});

export const isSold = ({ state }: ModelOrder) => state === CONFIRMED;

/** What is on sale; what is given back is put on sale again. */
export const left = (model: Model) =>
  model.orders
    .filter((order) => order.state === PENDING || isSold(order))
    .reduce((sum, { quantity, revoked }) => sum - quantity + revoked, model.capacity);

/** The order hears what became of its session. */
export function follow(model: Model, order: ModelOrder): void {
  if (order.session === 'open' || isSold(order) || order.state.endsWith('REFUNDED')) return;
  if (order.session === 'expired') {
    if (order.state === PENDING) order.state = 'EXPIRED + UNPAID';
    return;
  }
  const late = order.state !== PENDING;
  const enough = order.state === 'EXPIRED + UNPAID' && left(model) >= order.quantity;
  order.state =
    !late || enough ? CONFIRMED : `${order.state.startsWith('E') ? 'EXPIRED' : 'CANCELLED'} + REFUNDED`;
}

/** The order's status, and where its money is as far as we know. */
function stateOf(order: ModelOrder): string {
  if (!isSold(order)) return order.state;
  if (order.heardOfDispute === 'open' || order.heardOfDispute === 'lost') return 'CONFIRMED + DISPUTED';
  const back = order.refunded + order.heardOfRefunds;
  if (back >= order.quantity * PRICE) return 'CONFIRMED + REFUNDED';
  return back > 0 ? 'CONFIRMED + PARTIALLY_REFUNDED' : CONFIRMED;
}

/** Who may come in with it: how many attendees of each status. */
function attendeesOf(order: ModelOrder): Readonly<Record<string, number>> {
  if (!isSold(order)) return { VALID: 0, FROZEN: 0, REVOKED: 0 };
  const rest = order.quantity - order.revoked;
  const { heardOfDispute: dispute } = order;
  return {
    VALID: dispute === 'none' || dispute === 'won' ? rest : 0,
    FROZEN: dispute === 'open' ? rest : 0,
    REVOKED: dispute === 'lost' ? order.quantity : order.revoked,
  };
}

/** Everything that must be true between any two steps. */
export async function agree(model: Model, { world, show, purchases }: Real): Promise<void> {
  for (const [index, bought] of purchases.entries()) {
    const order = model.orders[index]!;
    const [status, payment] = stateOf(order).split(' + ') as [string, string];
    await settlesAs(world, bought.order.id, status, payment);
    const attendees = (await readOrder(world.server, bought)).attendees.map((attendee) => attendee.status);
    for (const [wanted, count] of Object.entries(attendeesOf(order))) {
      const found = attendees.filter((each) => each === wanted).length;
      if (found !== count) throw new Error(`Order ${index} has ${found} attendees ${wanted}, not ${count}`);
    }
  }
  const { held, sold, quantity } = await counters(world, show.tickets[0]!.id);
  if (quantity - held - sold !== left(model)) {
    throw new Error(`${left(model)} tickets should be left, not ${quantity - held - sold}`);
  }
  await auditInventory(world.database.pool);
}

/** The process that serves just now: a world knows the first one, and those that came after. */
export const serving = ({ servers }: World): TestServer => servers.at(-1)!;
