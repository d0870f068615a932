import { cancelAsBuyer, completeCheckout, settlesAs } from '../support/order-life.js';
import {
  buy,
  buyUnheard,
  deliverNewest,
  isDoneAs,
  loseEvents,
  payUnheard,
  type Scenario,
  sessionOf,
  timeRunsOut,
} from './subject.js';

const PAID = 'CONFIRMED + PAID';

/** From the purchase to the confirmation, or to another end. */
export const ORDER_SCENARIOS: readonly Scenario[] = [
  {
    name: 'a purchase that its buyer sends again, and pays',
    act: buy,
    async afterwards(world, subject) {
      await buy(world, subject);
      await world.stripe.pay(sessionOf(subject));
    },
    ends: [PAID],
  },
  {
    name: 'a purchase whose buyer does not come back',
    act: buy,
    afterwards: timeRunsOut,
    ends: ['none', 'EXPIRED + UNPAID', 'CANCELLED + UNPAID'],
  },
  {
    name: 'the event of a payment, and the mail',
    prepare: payUnheard,
    async act(world, subject) {
      await deliverNewest(world, subject, 'checkout.session.completed');
      await isDoneAs(world, subject, PAID);
    },
    ends: [PAID],
  },
  {
    name: 'a buyer who comes back from paying, where events are lost',
    prepare: payUnheard,
    async act({ server }, subject) {
      await completeCheckout(server, sessionOf(subject));
    },
    afterwards: async (world) => void (await loseEvents(world)),
    ends: [PAID],
  },
  {
    name: 'an order that its buyer cancels',
    prepare: buyUnheard,
    async act({ server }, { bought }) {
      await cancelAsBuyer(server, bought!);
    },
    async afterwards(world, subject) {
      await loseEvents(world);
      await timeRunsOut(world, subject);
    },
    ends: ['CANCELLED + UNPAID', 'EXPIRED + UNPAID'],
  },
  {
    name: 'a hold whose time runs out',
    prepare: buyUnheard,
    async act(world, subject) {
      await timeRunsOut(world, subject);
      await isDoneAs(world, subject, 'EXPIRED + UNPAID');
    },
    afterwards: async (world) => void (await loseEvents(world)),
    ends: ['EXPIRED + UNPAID'],
  },
  {
    name: 'a delayed payment that fails',
    async prepare(world, subject) {
      await buy(world, subject);
      await world.stripe.pay(sessionOf(subject), { method: 'delayed' });
      await settlesAs(world, subject.bought!.order.id, 'PENDING', 'PROCESSING');
      await world.stripe.webhooks.idle();
      await world.stripe.webhooks.pause();
      await world.stripe.settleDelayed(sessionOf(subject), 'failed');
    },
    async act(world, subject) {
      await deliverNewest(world, subject, 'checkout.session.async_payment_failed');
      await isDoneAs(world, subject, 'CANCELLED + FAILED');
    },
    ends: ['CANCELLED + FAILED'],
  },
  {
    name: 'money that comes after the buyer has cancelled',
    async prepare(world, subject) {
      await buyUnheard(world, subject);
      await cancelAsBuyer(world.server, subject.bought!);
      await loseEvents(world);
      await world.stripe.pay(sessionOf(subject), { afterExpiry: true });
    },
    async act(world, subject) {
      await deliverNewest(world, subject, 'checkout.session.completed');
      await isDoneAs(world, subject, 'CANCELLED + REFUNDED');
    },
    ends: ['CANCELLED + REFUNDED'],
  },
  {
    name: 'money that comes after the hold ended, while there are tickets left',
    async prepare(world, subject) {
      await buyUnheard(world, subject);
      await world.stripe.expireSession(sessionOf(subject));
      await timeRunsOut(world, subject);
      await isDoneAs(world, subject, 'EXPIRED + UNPAID');
      await loseEvents(world);
      await world.stripe.pay(sessionOf(subject), { afterExpiry: true });
    },
    async act(world, subject) {
      await deliverNewest(world, subject, 'checkout.session.completed');
    },
    ends: [PAID],
  },
  {
    name: 'a free purchase that its buyer sends again',
    ticket: 'free',
    act: buy,
    afterwards: buy,
    ends: ['CONFIRMED + NOT_REQUIRED'],
  },
];
