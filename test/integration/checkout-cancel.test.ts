import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { availability, type PublishedShow, purchase, readOrder, signUp } from '../support/fixtures.js';
import { expectData, expectError } from '../support/graphql-client.js';
import { send } from '../support/http.js';
import { cancelAsBuyer, cancelOrder, counters, jobsOf, makeDue, settlesAs } from '../support/order-life.js';
import { sessionIn } from '../support/stripe.js';
import { startWorld, type World } from '../support/world.js';
import { clientOf } from './local-stripe-support.js';

let world: World;
let show: PublishedShow;
beforeAll(async () => {
  world = await startWorld();
  ({ show } = await world.sell({ tickets: [{ price: 2500, quantity: 100 }, { quantity: 100 }] }));
});
afterEach(() => world.stripe.faults.clear());
afterAll(async () => world.close());

const paid = () => show.tickets[0]!.id;

async function buyTwo(token?: string) {
  const items = [{ ticketId: paid(), quantity: 2 }];
  const before = await counters(world, paid());
  const bought = await purchase(world.server, { showId: show.id, items }, { token });
  return { bought, before, sessionId: sessionIn(bought.checkoutUrl) };
}

const statusOf = async (sessionId: string) =>
  (await clientOf(world.stripe).checkout.sessions.retrieve(sessionId)).status;

describe('cancelOrder', () => {
  it('closes the page and gives the tickets back, to whoever holds the access token', async () => {
    const { bought, before, sessionId } = await buyTwo();
    const order = expectData(await cancelAsBuyer(world.server, bought)).cancelOrder;
    expect(order).toMatchObject({ status: 'CANCELLED', paymentStatus: 'UNPAID', checkoutUrl: null });
    expect(await counters(world, paid())).toEqual(before);
    expect(await statusOf(sessionId)).toBe('expired');
    await expect(world.stripe.pay(sessionId)).rejects.toThrow('can no longer be paid');
    expect(await jobsOf(world, bought.order.id)).toEqual([]);
  });

  it('lets the account cancel that bought, without the access token', async () => {
    const buyer = await signUp(world.server);
    const { bought, before } = await buyTwo(buyer.token);
    const answer = await cancelOrder(world.server, { id: bought.order.id }, { token: buyer.token });
    expect(expectData(answer).cancelOrder.status).toBe('CANCELLED');
    expect(await counters(world, paid())).toEqual(before);
  });

  it('answers the second time with the cancelled order, without asking Stripe', async () => {
    const { bought, before } = await buyTwo();
    const first = expectData(await cancelAsBuyer(world.server, bought)).cancelOrder;
    // The webhook about the expired session asks Stripe as well.
    await world.stripe.webhooks.idle();
    const asked = await world.stripe.requests();
    const second = expectData(await cancelAsBuyer(world.server, bought)).cancelOrder;
    expect(second).toEqual(first);
    expect(await world.stripe.requests()).toEqual(asked);
    expect(await counters(world, paid())).toEqual(before);
  });

  it('cancels once when it is called ten times at once', async () => {
    const { bought, before } = await buyTwo();
    const answers = await Promise.all(Array.from({ length: 10 }, () => cancelAsBuyer(world.server, bought)));
    for (const answer of answers) expect(expectData(answer).cancelOrder.status).toBe('CANCELLED');
    expect(await counters(world, paid())).toEqual(before);
  });

  it('refuses a confirmed order with its status, paid or free', async () => {
    const { bought, sessionId } = await buyTwo();
    await world.stripe.pay(sessionId);
    await settlesAs(world, bought.order.id, 'CONFIRMED', 'PAID');
    const items = [{ ticketId: show.tickets[1]!.id, quantity: 1 }];
    const free = await purchase(world.server, { showId: show.id, items });
    for (const order of [bought, free]) {
      const failure = expectError(await cancelAsBuyer(world.server, order), 'CONFLICT');
      expect(failure.extensions).toMatchObject({ status: 'CONFIRMED' });
      expect((await readOrder(world.server, order)).attendees.length).toBeGreaterThan(0);
    }
  });

  it('refuses an expired order with its status', async () => {
    const { bought, sessionId } = await buyTwo();
    await world.stripe.expireSession(sessionId);
    await settlesAs(world, bought.order.id, 'EXPIRED', 'UNPAID');
    const failure = expectError(await cancelAsBuyer(world.server, bought), 'CONFLICT');
    expect(failure.extensions).toMatchObject({ status: 'EXPIRED' });
  });

  it('confirms the order instead when it turns out to be paid, and says so', async () => {
    const { bought, before, sessionId } = await buyTwo();
    await world.stripe.webhooks.pause();
    await world.stripe.pay(sessionId);
    const failure = expectError(await cancelAsBuyer(world.server, bought), 'CONFLICT');
    expect(failure.extensions).toMatchObject({ status: 'CONFIRMED', paymentStatus: 'PAID' });
    await world.stripe.webhooks.resume();
    await world.stripe.webhooks.idle();
    expect((await readOrder(world.server, bought)).attendees).toHaveLength(2);
    expect(await counters(world, paid())).toEqual({ ...before, sold: before.sold + 2 });
  });

  it('keeps the tickets while Stripe cannot close the page; the background does it later', async () => {
    const { bought, before, sessionId } = await buyTwo();
    await world.stripe.faults.add({ kind: 'error', status: 503, retryAfterSeconds: 9 });
    const failure = expectError(await cancelAsBuyer(world.server, bought), 'PAYMENT_PROVIDER_UNAVAILABLE');
    expect(failure.extensions).toMatchObject({ retryAfterMs: 9000 });
    expect(await readOrder(world.server, bought)).toMatchObject({ status: 'PENDING' });
    expect(await counters(world, paid())).toEqual({ ...before, held: before.held + 2 });
    await world.stripe.faults.clear();
    expect(await statusOf(sessionId)).toBe('open');
    await makeDue(world, bought.order.id);
    await settlesAs(world, bought.order.id, 'CANCELLED', 'UNPAID');
    expect(await counters(world, paid())).toEqual(before);
  });

  it('is not for others, who are not told whether the order exists', async () => {
    const { bought } = await buyTwo();
    const other = await signUp(world.server);
    const { id } = bought.order;
    expectError(await cancelOrder(world.server, { id }), 'UNAUTHENTICATED');
    for (const variables of [{ id }, { id, accessToken: 'guessed' }, { id: randomUUID() }]) {
      const answer = await cancelOrder(world.server, variables, { token: other.token });
      expect(expectError(answer, 'NOT_FOUND').message).toBe('Order not found');
    }
    expectError(await cancelOrder(world.server, { id, accessToken: 'guessed' }), 'NOT_FOUND');
    expect((await readOrder(world.server, bought)).status).toBe('PENDING');
    expect(await statusOf(sessionIn(bought.checkoutUrl))).toBe('open');
  });

  it('lets somebody else buy what was given back', async () => {
    const { show: small } = await world.sell({ tickets: [{ price: 2500, quantity: 2 }] });
    const items = [{ ticketId: small.tickets[0]!.id, quantity: 2 }];
    const first = await purchase(world.server, { showId: small.id, items });
    expect(await availability(world.server, small.id)).toEqual({ [small.tickets[0]!.id]: 0 });
    expectData(await cancelAsBuyer(world.server, first));
    const second = await purchase(world.server, { showId: small.id, items });
    expect(second.order.status).toBe('PENDING');
  });
});

describe('the page that buyers come back to without paying', () => {
  it('says that nothing was charged, names the order, and takes no other text', async () => {
    const { bought } = await buyTwo();
    const page = await send(world.server, `/checkout/cancel?order=${bought.order.reference}`);
    expect(page.status).toBe(200);
    expect(page.text).toContain('Nothing was charged');
    expect(page.text).toContain(bought.order.reference);
    const forged = await send(world.server, '/checkout/cancel?order=%3Cscript%3Ealert(1)%3C/script%3E');
    expect(forged.status).toBe(200);
    expect(forged.text).not.toContain('script');
    expect((await readOrder(world.server, bought)).status).toBe('PENDING');
  });
});
