import { randomUUID } from 'node:crypto';
import { expect } from '@jest/globals';
import type { FaultRule } from '../../dev/stripe/index.js';
import { orderReaches, type Purchase, tryPurchase, uniqueEmail } from '../support/fixtures.js';
import { expectData, expectError } from '../support/graphql-client.js';
import { counters, createCheckout, type GivenUp, mailsAbout } from '../support/order-life.js';
import { sessionIn } from '../support/stripe.js';
import type { World } from '../support/world.js';
import { clientOf } from './local-stripe-support.js';

/** Of a Checkout Session. */
export const CREATE = { method: 'POST', path: 'checkout/sessions$' } as const;
export const DOWN: FaultRule = { kind: 'error', status: 503, match: CREATE };

/** A show with five tickets, and how to buy two of them. */
export async function newSale(world: World) {
  const { show, seller } = await world.sell({ tickets: [{ price: 2500, quantity: 5 }] });
  const ticketId = show.tickets[0]!.id;
  const input = {
    showId: show.id,
    items: [{ ticketId, quantity: 2 }],
    email: uniqueEmail('unlucky'),
    idempotencyKey: randomUUID(),
  };
  return { show, seller, ticketId, input };
}

/** Two of five tickets, of an order whose session could not be made. */
export async function giveUp(world: World, ...faults: FaultRule[]) {
  const sale = await newSale(world);
  for (const fault of faults) await world.stripe.faults.add(fault);
  const failure = expectError(await tryPurchase(world.server, sale.input), 'PAYMENT_PROVIDER_UNAVAILABLE');
  await world.stripe.faults.clear();
  const { orderId, accessToken, retryAfterMs } = failure.extensions ?? {};
  expect(retryAfterMs).toEqual(expect.any(Number));
  const givenUp = { orderId, accessToken } as GivenUp;
  expect(await counters(world, sale.ticketId)).toMatchObject({ held: 0, sold: 0 });
  return { ...sale, givenUp };
}

/** The session is made, its answer is lost, and Stripe is away when asked again. */
export const LOST: FaultRule[] = [
  { kind: 'reply-lost', match: CREATE, times: 1 },
  { kind: 'reset', match: CREATE },
];

export async function sessionsOf(world: World, orderId: string) {
  const { data } = await clientOf(world.stripe).checkout.sessions.list({ limit: 100 });
  return data.filter(({ client_reference_id }) => client_reference_id === orderId);
}

export async function again(world: World, givenUp: GivenUp): Promise<Purchase> {
  return expectData(await createCheckout(world.server, givenUp)).createCheckout;
}

export async function refusal(world: World, givenUp: GivenUp, code: string) {
  return expectError(await createCheckout(world.server, givenUp), code);
}

export async function paysOnce(world: World, bought: Purchase, ticketId: string): Promise<void> {
  await world.stripe.pay(sessionIn(bought.checkoutUrl));
  const order = await orderReaches(world.server, bought, 'CONFIRMED');
  expect(order.attendees).toHaveLength(2);
  expect(await counters(world, ticketId)).toEqual({ quantity: 5, held: 0, sold: 2 });
  expect(await mailsAbout(world, bought.order.id, 'confirmation')).toHaveLength(1);
}
