import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { type Purchase, tryPurchase } from '../support/fixtures.js';
import { cancelAsBuyer, completeCheckout } from '../support/order-life.js';
import { tryRefund } from '../support/refunds.js';
import { sessionIn } from '../support/stripe.js';
import type { Command } from './order-life-command.js';
import { buy, cancel, complete, tryAgain } from './order-life-commands.js';
import { deliver, eventsOf, refund, refundOf } from './order-life-money.js';
import type { Real } from './order-life-state.js';

/** What may be tried again after the process has died of it; `place` says about which order. */
interface Repeatable {
  readonly command: Command;
  attempt(real: Real): Promise<unknown>;
}

const bought = ({ purchases }: Real, place: number): Purchase => purchases[place % purchases.length]!;

function buying(quantity: number): Repeatable {
  const key = randomUUID();
  return {
    command: buy(quantity, key),
    attempt: ({ world, show }) =>
      tryPurchase(world.server, {
        showId: show.id,
        items: [{ ticketId: show.tickets[0]!.id, quantity }],
        ...tryAgain(key),
      }),
  };
}

const completing = (place: number): Repeatable => ({
  command: complete(place),
  attempt: (real) => completeCheckout(real.world.server, sessionIn(bought(real, place).checkoutUrl)),
});

const cancelling = (place: number): Repeatable => ({
  command: cancel(place),
  attempt: (real) => cancelAsBuyer(real.world.server, bought(real, place)),
});

const delivering = (place: number): Repeatable => ({
  command: deliver('everything', place),
  async attempt(real) {
    const events = await eventsOf(real.world, bought(real, place));
    await Promise.all(events.map(({ id }) => real.world.stripe.webhooks.redeliver(id, 2)));
  },
});

function refunding(place: number): Repeatable {
  const key = randomUUID();
  return {
    command: refund(1, place, key),
    attempt: (real) => tryRefund(real.world.server, real.sellerToken, refundOf(bought(real, place), 1, key)),
  };
}

/** Tries it, has the process killed so many milliseconds later, and tries it again. */
const crashing = ({ command, attempt }: Repeatable, after: number): Command => ({
  check: (model) => command.check(model),
  async run(model, real) {
    const attempted = attempt(real).catch(() => undefined);
    await real.crash(after);
    await attempted;
    await command.run(model, real);
  },
  toString: () => `${command} in a crash after ${after} ms`,
});

const place = fc.nat(7);
/** Most of what is tried takes less, so that some crashes come when it is done. */
const after = fc.nat(40);

export const CRASH_COMMANDS: fc.Arbitrary<Command>[] = [
  fc.integer({ min: 1, max: 3 }).map(buying),
  ...[completing, cancelling, delivering, refunding].map((make) => place.map(make)),
].map((repeatable) => fc.tuple(repeatable, after).map(([what, ms]) => crashing(what, ms)));
