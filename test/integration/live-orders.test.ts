import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { ORDER_SELECTION, type OrderView, type Purchase, purchase, signUp } from '../support/fixtures.js';
import { metric } from '../support/metrics.js';
import { cancelAsBuyer } from '../support/order-life.js';
import { hasRedis } from '../support/run.js';
import type { TestServer } from '../support/server.js';
import { sessionIn } from '../support/stripe.js';
import { type SubscribeOptions, type Subscription, subscribe } from '../support/websocket-client.js';
import { startWorld, type World } from '../support/world.js';

const DOCUMENT = `subscription Order($id: ID!, $accessToken: String) {
  orderUpdated(id: $id, accessToken: $accessToken) ${ORDER_SELECTION}
}`;

type Message = { readonly orderUpdated: OrderView };

let world: World;
/** Not the one that Stripe's webhooks go to. */
let other: TestServer;
let open: Array<Subscription<Message>> = [];
beforeAll(async () => {
  world = await startWorld({ servers: hasRedis ? 2 : 1 });
  other = world.servers.at(-1)!;
});
afterEach(async () => {
  await Promise.all(open.map((subscription) => subscription.close()));
  open = [];
});
afterAll(async () => world.close());

function follow(variables: { id: string; accessToken?: string }, options?: SubscribeOptions) {
  const subscription = subscribe<Message>(other, DOCUMENT, variables, options);
  open.push(subscription);
  return subscription;
}

const byToken = ({ order, accessToken }: Purchase) => follow({ id: order.id, accessToken });
const statusIs =
  (status: string, paymentStatus: string) =>
  ({ orderUpdated }: Message) =>
    orderUpdated.status === status && orderUpdated.paymentStatus === paymentStatus;

async function buyTwo(token?: string) {
  const { show, seller } = await world.sell({ tickets: [{ price: 2500, quantity: 10 }] });
  const items = [{ ticketId: show.tickets[0]!.id, quantity: 2 }];
  const bought = await purchase(world.server, { showId: show.id, items }, { token });
  return { bought, seller, sessionId: sessionIn(bought.checkoutUrl) };
}

describe('orderUpdated', () => {
  it('tells of the order as it is, then that it is confirmed, with its attendees', async () => {
    const { bought, sessionId } = await buyTwo();
    const order = byToken(bought);
    expect((await order.next()).orderUpdated).toEqual(bought.order);
    await world.stripe.pay(sessionId);
    const { orderUpdated } = await order.nextWhere(statusIs('CONFIRMED', 'PAID'));
    expect(orderUpdated.attendees).toHaveLength(2);
    expect(orderUpdated.lines[0]!.attendees).toHaveLength(2);
    expect(orderUpdated.checkoutUrl).toBeNull();
  });

  it('tells of the present alone when subscribed to late', async () => {
    const { bought, sessionId } = await buyTwo();
    await world.stripe.pay(sessionId);
    await world.stripe.webhooks.idle();
    expect((await byToken(bought).next()).orderUpdated).toMatchObject({ status: 'CONFIRMED' });
  });

  it('tells that an order was cancelled, has expired, or waits for its bank', async () => {
    const cancelled = await buyTwo();
    const expired = await buyTwo();
    const delayed = await buyTwo();
    const orders = [cancelled, expired, delayed].map(({ bought }) => byToken(bought));
    for (const order of orders) expect((await order.next()).orderUpdated.status).toBe('PENDING');
    await cancelAsBuyer(world.server, cancelled.bought);
    await world.stripe.expireSession(expired.sessionId);
    await world.stripe.pay(delayed.sessionId, { method: 'delayed' });
    await orders[0]!.nextWhere(statusIs('CANCELLED', 'UNPAID'));
    await orders[1]!.nextWhere(statusIs('EXPIRED', 'UNPAID'));
    await orders[2]!.nextWhere(statusIs('PENDING', 'PROCESSING'));
    await world.stripe.settleDelayed(delayed.sessionId, 'failed');
    await orders[2]!.nextWhere(statusIs('CANCELLED', 'FAILED'));
  });

  it('is for the account that bought and for the seller’s team, without an access token', async () => {
    const buyer = await signUp(world.server);
    const { bought, seller, sessionId } = await buyTwo(buyer.token);
    const { id } = bought.order;
    const followers = [buyer, seller].map(({ token }) => follow({ id }, { token }));
    for (const order of followers) expect((await order.next()).orderUpdated.id).toBe(id);
    await world.stripe.pay(sessionId);
    for (const order of followers) await order.nextWhere(statusIs('CONFIRMED', 'PAID'));
  });

  it('is for nobody else, who is not told whether the order exists', async () => {
    const { bought } = await buyTwo();
    const { id } = bought.order;
    const stranger = await signUp(world.server);
    const attempts = [
      follow({ id }),
      follow({ id }, { token: stranger.token }),
      follow({ id, accessToken: 'guessed' }),
      follow({ id: randomUUID() }),
    ];
    for (const order of attempts) {
      expect((await order.nextMessage()).errors).toMatchObject([
        { message: 'Order not found', extensions: { code: 'NOT_FOUND' } },
      ]);
    }
    expect((await follow({ id: 'not-a-uuid' }).nextMessage()).errors).toMatchObject([
      { message: 'Invalid order ID format', extensions: { code: 'BAD_USER_INPUT' } },
    ]);
  });

  it('leaves nothing behind when nobody follows any more', async () => {
    const { bought } = await buyTwo();
    const followers = [byToken(bought), byToken(bought)];
    for (const order of followers) await order.next();
    const count = () => metric(other, 'boxoffice_subscribers', { field: 'orderUpdated' });
    expect(await count()).toBeGreaterThanOrEqual(2);
    await Promise.all(followers.map((order) => order.close()));
    await eventually('nobody follows', async () => (await count()) === 0);
  });
});
