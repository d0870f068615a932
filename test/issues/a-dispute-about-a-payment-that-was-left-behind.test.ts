import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { clientOf } from '../integration/local-stripe-support.js';
import { tryPurchase } from '../support/fixtures.js';
import { expectData, expectError } from '../support/graphql-client.js';
import { attendeeStates } from '../support/money.js';
import { createCheckout, type GivenUp, settlesAs, storedOrder } from '../support/order-life.js';
import { sessionIn } from '../support/stripe.js';
import { startWorld, type World } from '../support/world.js';

const CREATE = { method: 'POST', path: 'checkout/sessions$' } as const;

let world: World;
beforeAll(async () => {
  world = await startWorld({ env: { PLATFORM_FEE_PERCENT: '10' } });
});
afterAll(async () => world.close());

describe('a dispute about a payment that an order has left behind', () => {
  it('takes nothing from whoever came by the payment that counts', async () => {
    const { show } = await world.sell({ tickets: [{ price: 2500, quantity: 5 }] });
    const items = [{ ticketId: show.tickets[0]!.id, quantity: 2 }];
    await world.stripe.faults.add({ kind: 'reply-lost', match: CREATE, times: 1 });
    await world.stripe.faults.add({ kind: 'reset', match: CREATE });
    const answer = await tryPurchase(world.server, { showId: show.id, items });
    const failure = expectError(answer, 'PAYMENT_PROVIDER_UNAVAILABLE');
    await world.stripe.faults.clear();
    const { orderId, accessToken } = failure.extensions as unknown as GivenUp;
    const [stray] = (await clientOf(world.stripe).checkout.sessions.list()).data;
    const bought = expectData(await createCheckout(world.server, { orderId, accessToken })).createCheckout;
    await world.stripe.pay(sessionIn(bought.checkoutUrl));
    await settlesAs(world, orderId, 'CONFIRMED', 'PAID');
    const { payment_intent: paymentId } = await world.stripe.pay(stray!.id, { afterExpiry: true });
    const intent = await clientOf(world.stripe).paymentIntents.retrieve(paymentId as string);
    const dispute = await world.stripe.openDispute(intent.latest_charge as string);
    await world.stripe.webhooks.idle();
    await world.stripe.closeDispute(dispute.id, 'lost');
    await world.stripe.webhooks.idle();
    expect(await attendeeStates(world, orderId)).toEqual(['VALID', 'VALID']);
    expect(await storedOrder(world, orderId)).toMatchObject({ payment_status: 'PAID' });
  });
});
