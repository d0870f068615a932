import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { purchase } from '../support/fixtures.js';
import { counters, endHold, makeDue, settlesAs, storedOrder } from '../support/order-life.js';
import { sessionIn } from '../support/stripe.js';
import { eventAbout } from '../support/webhooks.js';
import { startWorld, type World } from '../support/world.js';
import {
  again,
  CREATE,
  DOWN,
  giveUp,
  LOST,
  newSale,
  paysOnce,
  refusal,
  sessionsOf,
} from './checkout-again-support.js';
import { clientOf } from './local-stripe-support.js';

let world: World;
beforeAll(async () => {
  world = await startWorld({ env: { PLATFORM_FEE_PERCENT: '10' } });
});
afterEach(async () => {
  await world.stripe.faults.clear();
  await world.stripe.webhooks.resume();
});
afterAll(async () => world.close());

describe('createCheckout of an order that can be paid', () => {
  it('answers with the page that it has, and makes no other', async () => {
    const { input } = await newSale(world);
    const bought = await purchase(world.server, input);
    const known = { orderId: bought.order.id, accessToken: bought.accessToken };
    expect(await again(world, known)).toEqual(bought);
    expect(await sessionsOf(world, bought.order.id)).toHaveLength(1);
  });
});

describe('createCheckout of an order whose page could not be made in time', () => {
  it('takes its tickets again and makes the page, once however often it is asked', async () => {
    const { givenUp, ticketId, input } = await giveUp(world, DOWN);
    const pages = await Promise.all(Array.from({ length: 8 }, () => again(world, givenUp)));
    const [first] = pages;
    for (const page of pages) expect(page).toEqual(first);
    expect(first).toMatchObject({
      accessToken: givenUp.accessToken,
      order: { id: givenUp.orderId, status: 'PENDING' },
    });
    expect(await counters(world, ticketId)).toEqual({ quantity: 5, held: 2, sold: 0 });
    const open = (await sessionsOf(world, givenUp.orderId)).filter(({ status }) => status === 'open');
    expect(open.map(({ id }) => id)).toEqual([sessionIn(first!.checkoutUrl)]);
    expect(Date.parse(first!.order.expiresAt!)).toBeGreaterThan(Date.now() + 14 * 60_000);
    // From now on the key leads to this order, as if nothing had happened.
    expect(await purchase(world.server, input)).toEqual(first);
    await paysOnce(world, first!, ticketId);
  });

  it('first expires the page of which nobody was told, and is not confused by its events', async () => {
    const { givenUp, ticketId } = await giveUp(world, ...LOST);
    await world.stripe.webhooks.pause();
    const [stray] = await sessionsOf(world, givenUp.orderId);
    expect(stray).toMatchObject({ status: 'open' });
    const bought = await again(world, givenUp);
    const sessions = await sessionsOf(world, givenUp.orderId);
    expect(sessions.map(({ id, status }) => [id === stray!.id, status]).sort()).toEqual([
      [false, 'open'],
      [true, 'expired'],
    ]);
    const late = await eventAbout(world, 'checkout.session.expired', stray!.id);
    await world.stripe.webhooks.deliver([late.id]);
    expect(await storedOrder(world, givenUp.orderId)).toMatchObject({
      status: 'PENDING',
      checkout_session_id: sessionIn(bought.checkoutUrl),
    });
    await world.stripe.webhooks.resume();
    await paysOnce(world, bought, ticketId);
  });

  it('is not confirmed by money on a page that it has left behind, which raises an alarm', async () => {
    const { givenUp, ticketId } = await giveUp(world, ...LOST);
    const [stray] = await sessionsOf(world, givenUp.orderId);
    const bought = await again(world, givenUp);
    await world.stripe.pay(stray!.id, { afterExpiry: true });
    const alarm = await world.server.waitForLog(
      ({ orderId, msg }) => orderId === givenUp.orderId && String(msg).startsWith('ALARM'),
    );
    expect(alarm).toMatchObject({ reason: 'stray_session', sessionId: stray!.id });
    expect(await storedOrder(world, givenUp.orderId)).toMatchObject({ status: 'PENDING' });
    await paysOnce(world, bought, ticketId);
  });

  it('finds a page that Stripe made although it keeps answering that it failed', async () => {
    const { givenUp, ticketId } = await giveUp(world, { kind: 'error', afterEffect: true, match: CREATE });
    expect(await sessionsOf(world, givenUp.orderId)).toMatchObject([{ status: 'open' }]);
    const bought = await again(world, givenUp);
    const states = (await sessionsOf(world, givenUp.orderId)).map(({ status }) => status);
    expect(states.sort()).toEqual(['expired', 'open']);
    await paysOnce(world, bought, ticketId);
  });

  it('holds nothing while Stripe is still away, and works afterwards', async () => {
    const { givenUp, ticketId } = await giveUp(world, DOWN);
    await world.stripe.faults.add({ kind: 'error', status: 503 });
    const { extensions } = await refusal(world, givenUp, 'PAYMENT_PROVIDER_UNAVAILABLE');
    expect(extensions).toMatchObject({ retryAfterMs: expect.any(Number) });
    expect(await counters(world, ticketId)).toMatchObject({ held: 0 });
    await world.stripe.faults.clear();
    await paysOnce(world, await again(world, givenUp), ticketId);
  });

  it('gives the tickets back when the next page cannot be made either, as often as that is', async () => {
    const { givenUp, ticketId } = await giveUp(world, DOWN);
    for (const attempt of [2, 3]) {
      await makeDue(world, givenUp.orderId);
      await eventually('no page is looked for any more', async () => {
        return (await storedOrder(world, givenUp.orderId)).check_at === null;
      });
      await world.stripe.faults.add(DOWN);
      await refusal(world, givenUp, 'PAYMENT_PROVIDER_UNAVAILABLE');
      expect(await storedOrder(world, givenUp.orderId)).toMatchObject({
        status: 'CANCELLED',
        checkout_attempt: attempt,
      });
      expect(await counters(world, ticketId)).toMatchObject({ held: 0 });
      await world.stripe.faults.clear();
    }
    await paysOnce(world, await again(world, givenUp), ticketId);
  });

  it('ends with its new time as any other order does', async () => {
    const { givenUp, ticketId } = await giveUp(world, DOWN);
    const bought = await again(world, givenUp);
    await endHold(world, givenUp.orderId);
    await settlesAs(world, givenUp.orderId, 'EXPIRED', 'UNPAID');
    expect(await counters(world, ticketId)).toEqual({ quantity: 5, held: 0, sold: 0 });
    const session = await clientOf(world.stripe).checkout.sessions.retrieve(sessionIn(bought.checkoutUrl));
    expect(session.status).toBe('expired');
    expect((await refusal(world, givenUp, 'CONFLICT')).extensions).toMatchObject({ status: 'EXPIRED' });
  });
});
