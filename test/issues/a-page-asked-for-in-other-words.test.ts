import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { clientOf } from '../integration/local-stripe-support.js';
import { purchase, tryPurchase } from '../support/fixtures.js';
import { expectData, expectError } from '../support/graphql-client.js';
import { counters, createCheckout, endHold, type GivenUp, settlesAs } from '../support/order-life.js';
import { sessionIn } from '../support/stripe.js';
import { startWorld, type World } from '../support/world.js';

const CREATE = { method: 'POST', path: 'checkout/sessions$' } as const;
let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

async function sessionsOf(orderId: string) {
  const { data } = await clientOf(world.stripe).checkout.sessions.list({ limit: 100 });
  return data.filter(({ client_reference_id }) => client_reference_id === orderId);
}

/** As another version of ours, or one with another PUBLIC_URL, would ask for the session of this order. */
async function askInOtherWords(orderId: string): Promise<void> {
  const changed = 'update orders set cancel_url = $2 where id = $1';
  await world.database.pool.query(changed, [orderId, 'https://other.example/back']);
}

/** Stripe refuses an idempotency key that it knows with other parameters. */
describe('an order whose session was asked for in other words than now', () => {
  it('is led to a page of its own all the same, and the first one is expired', async () => {
    const { show } = await world.sell({ tickets: [{ price: 2500, quantity: 5 }] });
    const ticketId = show.tickets[0]!.id;
    const items = [{ ticketId, quantity: 2 }];
    await world.stripe.faults.add({ kind: 'reply-lost', match: CREATE, times: 1 });
    await world.stripe.faults.add({ kind: 'reset', match: CREATE });
    const { extensions } = expectError(
      await tryPurchase(world.server, { showId: show.id, items }),
      'PAYMENT_PROVIDER_UNAVAILABLE',
    );
    await world.stripe.faults.clear();
    const givenUp = extensions as unknown as GivenUp;
    await askInOtherWords(givenUp.orderId);
    const { checkoutUrl } = expectData(await createCheckout(world.server, givenUp)).createCheckout;
    const open = (await sessionsOf(givenUp.orderId)).filter(({ status }) => status === 'open');
    expect(open.map(({ id }) => id)).toEqual([sessionIn(checkoutUrl)]);
  });

  it('gives its tickets back when its time is over, after a crash before the session was stored', async () => {
    const { show } = await world.sell({ tickets: [{ price: 2500, quantity: 5 }] });
    const ticketId = show.tickets[0]!.id;
    const { order } = await purchase(world.server, { showId: show.id, items: [{ ticketId, quantity: 2 }] });
    const forget = 'update orders set checkout_session_id = null, checkout_url = null where id = $1';
    await world.database.pool.query(forget, [order.id]);
    await askInOtherWords(order.id);
    await endHold(world, order.id);
    await settlesAs(world, order.id, 'EXPIRED', 'UNPAID');
    expect((await sessionsOf(order.id)).map(({ status }) => status)).toEqual(['expired']);
    expect(await counters(world, ticketId)).toEqual({ quantity: 5, held: 0, sold: 0 });
  });
});
