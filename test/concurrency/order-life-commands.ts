import fc from 'fast-check';
import { type Purchase, tryPurchase } from '../support/fixtures.js';
import { expectData, expectError } from '../support/graphql-client.js';
import { cancelAsBuyer, checkInVain, completeCheckout, endHold, makeDue } from '../support/order-life.js';
import { sessionIn } from '../support/stripe.js';
import { about, type Command, command } from './order-life-command.js';
import { MONEY_COMMANDS } from './order-life-money.js';
import { follow, left, type ModelOrder, newOrder, PENDING } from './order-life-state.js';

/** @param idempotencyKey where the same purchase may have been tried before */
export function buy(quantity: number, idempotencyKey?: string): Command {
  return command(
    `buy ${quantity}`,
    () => true,
    async (model, { world, show, purchases }) => {
      const items = [{ ticketId: show.tickets[0]!.id, quantity }];
      const who = idempotencyKey === undefined ? {} : tryAgain(idempotencyKey);
      const answer = await tryPurchase(world.server, { showId: show.id, items, ...who });
      if (left(model) < quantity) {
        expectError(answer, 'SOLD_OUT');
        return;
      }
      purchases.push(expectData(answer).purchaseTickets);
      model.orders.push(newOrder(quantity));
    },
  );
}

/** A buyer who is known by the key, so that the same key is the same purchase. */
export const tryAgain = (idempotencyKey: string) => ({
  idempotencyKey,
  email: `${idempotencyKey}@example.com`,
});

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

export const complete = (place: number) =>
  about(
    'complete',
    place,
    () => true,
    async (order, bought, { world }, model) => {
      expectData(await completeCheckout(world.server, idOf(bought)));
      follow(model, order);
    },
  );

export const cancel = (place: number) =>
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
  // More often than each of the others, which need orders to be done to, and most of those paid ones.
  ...Array.from({ length: 3 }, () => fc.integer({ min: 1, max: 3 }).map((quantity) => buy(quantity))),
  ...Array.from({ length: 3 }, () => place.map(pay)),
  ...[payLate, decline, expireAtStripe, complete, cancel, runOut, check].map((make) => place.map(make)),
  ...MONEY_COMMANDS,
];
