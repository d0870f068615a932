import fc from 'fast-check';
import type Stripe from 'stripe';
import { clientOf } from '../integration/local-stripe-support.js';
import type { Purchase } from '../support/fixtures.js';
import { expectData, expectError } from '../support/graphql-client.js';
import { type RefundInput, tryRefund } from '../support/refunds.js';
import { sessionIn } from '../support/stripe.js';
import type { World } from '../support/world.js';
import { about, type Command } from './order-life-command.js';
import { follow, isSold, type ModelOrder, PENDING, PRICE } from './order-life-state.js';

const idOf = ({ checkoutUrl }: Purchase) => sessionIn(checkoutUrl);
const totalOf = ({ quantity }: ModelOrder) => quantity * PRICE;
const atStripe = (order: ModelOrder) => totalOf(order) - order.refunded - order.refundedAtStripe;

/** Paid, and sure to be confirmed if it is not yet. */
const isPaid = (order: ModelOrder) => order.session === 'paid' && (order.state === PENDING || isSold(order));
const isUndisputed = ({ dispute }: ModelOrder) => dispute === 'none';

async function chargeOf(world: World, bought: Purchase): Promise<string> {
  const client = clientOf(world.stripe);
  const session = await client.checkout.sessions.retrieve(idOf(bought), { expand: ['payment_intent'] });
  return (session.payment_intent as Stripe.PaymentIntent).latest_charge as string;
}

/** Money that Stripe has, gives back, and that a dispute has not taken; what we do not know of is the same. */
const mayBeRefunded = (order: ModelOrder, amount: number) =>
  isSold(order) &&
  order.dispute === order.heardOfDispute &&
  order.dispute !== 'lost' &&
  (amount <= atStripe(order) || order.refundedAtStripe === order.heardOfRefunds);

export function refundOf({ order }: Purchase, tickets?: number, idempotencyKey?: string): RefundInput {
  const input = { orderId: order.id, restock: true, ...(idempotencyKey && { idempotencyKey }) };
  return tickets === undefined
    ? input
    : { ...input, lines: [{ lineId: order.lines[0]!.id, quantity: tickets }] };
}

/** Refunds so many tickets, or everything where it is not said how many. */
export function refund(tickets: number | undefined, place: number, idempotencyKey?: string): Command {
  const amountFor = (order: ModelOrder) =>
    tickets === undefined
      ? totalOf(order) - order.refunded - order.heardOfRefunds
      : Math.min(tickets, order.quantity - order.revoked) * PRICE;
  return about(
    `refund ${tickets ?? 'everything'}`,
    place,
    (order) => mayBeRefunded(order, amountFor(order)),
    async (order, bought, { world, sellerToken }) => {
      const answer = await tryRefund(world.server, sellerToken, refundOf(bought, tickets, idempotencyKey));
      const rest = order.quantity - order.revoked;
      const known = totalOf(order) - order.refunded - order.heardOfRefunds;
      const refused =
        order.heardOfDispute === 'open' ||
        (tickets === undefined ? rest === 0 && known <= 0 : tickets > rest || tickets * PRICE > known);
      if (refused) {
        expectError(answer, 'CONFLICT');
        return;
      }
      expectData(answer);
      order.revoked += tickets ?? rest;
      order.refunded += tickets === undefined ? known : tickets * PRICE;
    },
  );
}

const SOME = 1000;

const refundAtStripe = (place: number) =>
  about(
    'refund at Stripe',
    place,
    (order) => isPaid(order) && isUndisputed(order) && atStripe(order) >= SOME,
    async (order, bought, { world }) => {
      const charge = await chargeOf(world, bought);
      await clientOf(world.stripe).refunds.create({ charge, amount: SOME, reverse_transfer: true });
      order.refundedAtStripe += SOME;
    },
  );

const dispute = (place: number) =>
  about(
    'dispute',
    place,
    (order) => isPaid(order) && isUndisputed(order) && atStripe(order) > 0,
    async (order, bought, { world }) => {
      await world.stripe.openDispute(await chargeOf(world, bought));
      order.dispute = 'open';
    },
  );

const decide = (outcome: 'won' | 'lost', place: number) =>
  about(
    `dispute ${outcome}`,
    place,
    (order) => order.dispute === 'open',
    async (order, bought, { world }) => {
      const charge = await chargeOf(world, bought);
      const { data } = await clientOf(world.stripe).disputes.list({ charge });
      await world.stripe.closeDispute(data[0]!.id, outcome);
      order.dispute = outcome;
    },
  );

const KINDS = {
  'its session': /^checkout\./,
  'its refunds': /^(charge\.refund|refund\.)/,
  'its dispute': /^charge\.dispute\./,
  everything: /^(checkout\.|charge\.refund|refund\.|charge\.dispute\.)/,
} as const;
type Kind = keyof typeof KINDS;

/** Events of this kind that lead to anything, whether they were delivered before or not, newest first, the newest of them at once. */
export const deliver = (kind: Kind, place: number) =>
  about(
    `deliver events of ${kind}`,
    place,
    ({ session }) => session !== 'open',
    async (order, bought, { world }, model) => {
      const events = (await eventsOf(world, bought)).filter(({ type }) => KINDS[kind].test(type));
      const [newest] = events.slice(-1);
      if (newest === undefined) return;
      await world.stripe.webhooks.deliver(events.map(({ id }) => id).reverse());
      await world.stripe.webhooks.redeliver(newest.id, 3);
      const has = (each: Kind) => events.some(({ type }) => KINDS[each].test(type));
      follow(model, order);
      if (has('its refunds')) order.heardOfRefunds = order.refundedAtStripe;
      if (has('its dispute')) order.heardOfDispute = order.dispute;
    },
  );

export async function eventsOf(world: World, bought: Purchase): Promise<Stripe.Event[]> {
  const id = idOf(bought);
  const { payment_intent } = await clientOf(world.stripe).checkout.sessions.retrieve(id);
  return (await world.stripe.events()).filter(({ data }) => {
    const object = data.object as { id?: string; payment_intent?: string | null };
    return object.id === id || (payment_intent !== null && object.payment_intent === payment_intent);
  });
}

const place = fc.nat(7);

const tickets = fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined });
const outcome = fc.constantFrom('won' as const, 'lost' as const);
const kind = fc.constantFrom(...(Object.keys(KINDS) as Kind[]));

/** What happens to the money of orders, and what they hear of it. */
export const MONEY_COMMANDS: fc.Arbitrary<Command>[] = [
  ...Array.from({ length: 2 }, () => fc.tuple(tickets, place).map(([count, at]) => refund(count, at))),
  place.map(refundAtStripe),
  place.map(dispute),
  ...Array.from({ length: 2 }, () => fc.tuple(outcome, place).map(([end, at]) => decide(end, at))),
  fc.tuple(kind, place).map(([what, at]) => deliver(what, at)),
  ...Array.from({ length: 2 }, () => place.map((at) => deliver('everything', at))),
];
