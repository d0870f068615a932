import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type PublishedShow, purchase, readOrder } from '../support/fixtures.js';
import { expectData } from '../support/graphql-client.js';
import { send } from '../support/http.js';
import {
  cancelAsBuyer,
  completeCheckout,
  counters,
  endHold,
  mailsAbout,
  makeDue,
  settlesAs,
} from '../support/order-life.js';
import { hasRedis } from '../support/run.js';
import { sessionIn } from '../support/stripe.js';
import { startWorld, type World } from '../support/world.js';

const ROUNDS = 20;

let world: World;
let show: PublishedShow;
beforeAll(async () => {
  world = await startWorld({ servers: hasRedis ? 2 : 1 });
  ({ show } = await world.sell({ tickets: [{ price: 2500, quantity: 1000 }] }));
});
afterAll(async () => world.close());

async function buyTwo() {
  const items = [{ ticketId: show.tickets[0]!.id, quantity: 2 }];
  const bought = await purchase(world.server, { showId: show.id, items });
  return { bought, sessionId: sessionIn(bought.checkoutUrl) };
}

const sold = async () => (await counters(world, show.tickets[0]!.id)).sold;

async function eventOf(type: string, sessionId: string): Promise<string> {
  const events = await world.stripe.events();
  const found = events.find(
    (event) => event.type === type && (event.data.object as { id: string }).id === sessionId,
  );
  return found!.id;
}

describe('when all ways to learn of a payment are taken at once', () => {
  it(`confirms the order once, in ${ROUNDS} rounds of ${ROUNDS}`, async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const before = await sold();
      const { bought, sessionId } = await buyTwo();
      await world.stripe.webhooks.pause();
      await world.stripe.pay(sessionId);
      const event = await eventOf('checkout.session.completed', sessionId);
      const [attempts, , ...answers] = await Promise.all([
        world.stripe.webhooks.redeliver(event, 3),
        makeDue(world, bought.order.id),
        ...world.servers.flatMap((server) => [
          completeCheckout(server, sessionId).then((answer) => expectData(answer).completeCheckout.status),
          send(server, `/checkout/success?session_id=${sessionId}`).then(({ text }) => text),
          completeCheckout(server, sessionId).then((answer) => expectData(answer).completeCheckout.status),
        ]),
      ]);
      await world.stripe.webhooks.discardHeld();
      await world.stripe.webhooks.resume();

      expect(attempts.map(({ status }) => status)).toEqual([200, 200, 200]);
      for (const answer of answers) expect(answer).toMatch(/^CONFIRMED$|your order is confirmed/);
      const order = await readOrder(world.server, bought);
      expect(order).toMatchObject({ status: 'CONFIRMED', paymentStatus: 'PAID' });
      expect(order.attendees).toHaveLength(2);
      expect(await sold()).toBe(before + 2);
      expect(await mailsAbout(world, bought.order.id, 'confirmation')).toHaveLength(1);
    }
  });
});

describe('when the buyer pays in the instant in which the order ends', () => {
  it(`lets the order follow the money, in ${ROUNDS} rounds of ${ROUNDS}`, async () => {
    const seen = new Set<string>();
    for (let round = 0; round < ROUNDS; round += 1) {
      const before = await sold();
      const { bought, sessionId } = await buyTwo();
      const end = () =>
        round % 2 === 0 ? cancelAsBuyer(world.servers.at(-1)!, bought) : endHold(world, bought.order.id);
      const [, paid] = await Promise.all([
        end(),
        world.stripe.pay(sessionId).then(
          () => true,
          () => false,
        ),
      ]);
      const ended = round % 2 === 0 ? 'CANCELLED' : 'EXPIRED';
      if (paid) await settlesAs(world, bought.order.id, 'CONFIRMED', 'PAID');
      else await settlesAs(world, bought.order.id, ended, 'UNPAID');
      seen.add(paid ? 'paid' : 'ended');
      expect(await sold()).toBe(paid ? before + 2 : before);
      expect(await counters(world, show.tickets[0]!.id)).toMatchObject({ held: 0 });
    }
    expect(seen).toContain('paid');
  });
});
