import fc from 'fast-check';
import { auditInventory } from '../support/audit.js';
import { type PublishedShow, type Purchase, tryPurchase } from '../support/fixtures.js';
import { expectData, expectError } from '../support/graphql-client.js';
import {
  cancelAsBuyer,
  checkInVain,
  completeCheckout,
  counters,
  endHold,
  makeDue,
  settlesAs,
} from '../support/order-life.js';
import { sessionIn } from '../support/stripe.js';
import type { World } from '../support/world.js';

/** What an order should be: at Stripe, and here. */
export interface ModelOrder {
  readonly quantity: number;
  session: 'open' | 'paid' | 'expired';
  state: string;
}

export interface Model {
  readonly capacity: number;
  readonly orders: ModelOrder[];
}

export interface Real {
  readonly world: World;
  readonly show: PublishedShow;
  readonly purchases: Purchase[];
}

type Command = fc.AsyncCommand<Model, Real>;

const PENDING = 'PENDING + UNPAID';

const isSold = ({ state }: ModelOrder) => state === 'CONFIRMED + PAID';
const left = (model: Model) =>
  model.orders
    .filter((order) => order.state === PENDING || isSold(order))
    .reduce((sum, { quantity }) => sum - quantity, model.capacity);

/** The order hears what became of its session. */
function follow(model: Model, order: ModelOrder): void {
  if (order.session === 'open' || isSold(order) || order.state.endsWith('REFUNDED')) return;
  if (order.session === 'expired') {
    if (order.state === PENDING) order.state = 'EXPIRED + UNPAID';
    return;
  }
  const late = order.state !== PENDING;
  const enough = order.state === 'EXPIRED + UNPAID' && left(model) >= order.quantity;
  order.state =
    !late || enough
      ? 'CONFIRMED + PAID'
      : `${order.state.startsWith('E') ? 'EXPIRED' : 'CANCELLED'} + REFUNDED`;
}

/** Everything that must be true between any two steps. */
async function agree(model: Model, { world, show, purchases }: Real): Promise<void> {
  for (const [index, { order }] of purchases.entries()) {
    const [status, payment] = model.orders[index]!.state.split(' + ') as [string, string];
    await settlesAs(world, order.id, status, payment);
  }
  const { held, sold, quantity } = await counters(world, show.tickets[0]!.id);
  if (quantity - held - sold !== left(model)) {
    throw new Error(`${left(model)} tickets should be left, not ${quantity - held - sold}`);
  }
  await auditInventory(world.database.pool);
}

function command(
  name: string,
  possible: (model: Readonly<Model>) => boolean,
  work: (model: Model, real: Real) => Promise<void>,
): Command {
  return {
    check: possible,
    run: async (model, real) => {
      await work(model, real);
      await agree(model, real);
    },
    toString: () => name,
  };
}

function buy(quantity: number): Command {
  return command(
    `buy ${quantity}`,
    () => true,
    async (model, { world, show, purchases }) => {
      const items = [{ ticketId: show.tickets[0]!.id, quantity }];
      const answer = await tryPurchase(world.server, { showId: show.id, items });
      if (left(model) < quantity) {
        expectError(answer, 'SOLD_OUT');
        return;
      }
      purchases.push(expectData(answer).purchaseTickets);
      model.orders.push({ quantity, session: 'open', state: PENDING });
    },
  );
}

/** A command about one of the orders there are, if it is one that this can be done to. */
function about(
  name: string,
  place: number,
  possible: (order: ModelOrder) => boolean,
  work: (order: ModelOrder, bought: Purchase, real: Real, model: Model) => Promise<void>,
): Command {
  const indexIn = (model: Readonly<Model>) => place % model.orders.length;
  return command(
    `${name} #${place}`,
    (model) => model.orders.length > 0 && possible(model.orders[indexIn(model)]!),
    async (model, real) => {
      const index = indexIn(model);
      await work(model.orders[index]!, real.purchases[index]!, real, model);
    },
  );
}

const isOpen = ({ session }: ModelOrder) => session === 'open';
const isPending = ({ state }: ModelOrder) => state === PENDING;
const idOf = ({ checkoutUrl }: Purchase) => sessionIn(checkoutUrl);

const pay = (place: number) =>
  about('pay', place, isOpen, async (order, bought, { world }) => {
    await world.stripe.pay(idOf(bought));
    order.session = 'paid';
  });

const payLate = (place: number) =>
  about(
    'pay after the end',
    place,
    ({ session }) => session === 'expired',
    async (order, bought, { world }) => {
      await world.stripe.pay(idOf(bought), { afterExpiry: true });
      order.session = 'paid';
    },
  );

const decline = (place: number) =>
  about('decline', place, isOpen, async (_order, bought, { world }) => {
    await world.stripe.decline(idOf(bought));
  });

const expireAtStripe = (place: number) =>
  about('expire at Stripe', place, isOpen, async (order, bought, { world }) => {
    await world.stripe.expireSession(idOf(bought));
    order.session = 'expired';
  });

const complete = (place: number) =>
  about(
    'complete',
    place,
    () => true,
    async (order, bought, { world }, model) => {
      expectData(await completeCheckout(world.server, idOf(bought)));
      follow(model, order);
    },
  );

/** Every event about the session so far, whether it was delivered before or not, newest first. */
const deliver = (place: number) =>
  about(
    'deliver',
    place,
    ({ session }) => session !== 'open',
    async (order, bought, { world }, model) => {
      const events = (await world.stripe.events()).filter(
        ({ data }) => (data.object as { id?: string }).id === idOf(bought),
      );
      await world.stripe.webhooks.deliver(events.map(({ id }) => id).reverse());
      const [newest] = events.slice(-1);
      await world.stripe.webhooks.redeliver(newest!.id, 3);
      follow(model, order);
    },
  );

const cancel = (place: number) =>
  about(
    'cancel',
    place,
    () => true,
    async (order, bought, { world }, model) => {
      const answer = await cancelAsBuyer(world.server, bought);
      if (order.state === PENDING && order.session === 'paid') follow(model, order);
      else if (order.state === PENDING) {
        order.session = 'expired';
        order.state = 'CANCELLED + UNPAID';
      }
      if (order.state.startsWith('CANCELLED')) expectData(answer);
      else expectError(answer, 'CONFLICT');
    },
  );

const runOut = (place: number) =>
  about('run out', place, isPending, async (order, bought, { world }, model) => {
    await endHold(world, bought.order.id);
    if (order.session === 'open') order.session = 'expired';
    follow(model, order);
  });

const check = (place: number) =>
  about('check', place, isPending, async (order, bought, { world }, model) => {
    if (order.session === 'open') await checkInVain(world, bought.order.id);
    else await makeDue(world, bought.order.id);
    follow(model, order);
  });

const place = fc.nat(7);

/** What buyers, Stripe, time and the background can do to orders, in any order. */
export const COMMANDS: fc.Arbitrary<Command>[] = [
  // More often than each of the others, which need orders to be done to.
  ...Array.from({ length: 3 }, () => fc.integer({ min: 1, max: 3 }).map(buy)),
  ...[pay, payLate, decline, expireAtStripe, complete, deliver, cancel, runOut, check].map((make) =>
    place.map(make),
  ),
];
