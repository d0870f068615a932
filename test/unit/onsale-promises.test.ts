import { expect, it } from '@jest/globals';
import { brokenPromises, type Testimony } from '../../bench/onsale/checks.js';

const ORDER = { id: 'a', status: 'CONFIRMED', paymentStatus: 'PAID', total: 5_000, attendees: 2 };
const EXPIRED = { id: 'b', status: 'EXPIRED', paymentStatus: 'UNPAID', total: 2_500, attendees: 0 };
const CHARGE = { orderId: 'a', amount: 5_000, refunded: 0 };
const SUBSCRIBERS = {
  kind: 'settle',
  watching: 3,
  wrong: 0,
  example: undefined,
  deliveries: 9,
  changes: 9,
  sinceSent: [],
  arrivals: [],
} as const;
const KEPT: Testimony = {
  orders: [ORDER, EXPIRED],
  charges: [CHARGE],
  paid: [{ orderId: 'a', quantity: 2 }],
  sold: 2,
  quantity: 2,
  subscribers: [SUBSCRIBERS],
  errors: { 'purchaseTickets SOLD_OUT': 7, 'completeCheckout PAYMENT_PROVIDER_UNAVAILABLE': 1 },
};

it('finds nothing where every promise was kept', () => {
  expect(brokenPromises(KEPT)).toEqual([]);
});

it('takes money that came too late and went back for a promise kept', () => {
  const refunded = { ...EXPIRED, paymentStatus: 'REFUNDED' };
  const late = {
    orders: [ORDER, refunded],
    charges: [CHARGE, { orderId: 'b', amount: 2_500, refunded: 2_500 }],
    paid: [...KEPT.paid, { orderId: 'b', quantity: 1 }],
  };
  expect(brokenPromises({ ...KEPT, ...late })).toEqual([]);
});

it.each<[string, Partial<Testimony>, RegExp]>([
  ['an oversell', { orders: [{ ...ORDER, attendees: 3 }], sold: 3, paid: [] }, /3 of 2 tickets were sold/],
  ['tickets nobody could buy', { sold: 1 }, /1 of 2 tickets were sold/],
  ['more people than tickets sold', { orders: [{ ...ORDER, attendees: 3 }] }, /3 people may enter/],
  ['money without an order', { charges: [CHARGE, { ...CHARGE, orderId: 'c' }] }, /order c, which is unknown/],
  [
    'money for an order that ended',
    { charges: [CHARGE, { ...CHARGE, orderId: 'b' }] },
    /b, which is EXPIRED/,
  ],
  ['another amount', { charges: [{ ...CHARGE, amount: 4_999 }] }, /Stripe took 4999/],
  ['money back of who has tickets', { charges: [{ ...CHARGE, refunded: 5_000 }] }, /gave 5000 back/],
  ['money taken twice', { charges: [CHARGE, CHARGE] }, /with 2 charges/],
  ['tickets without money', { charges: [] }, /with 0 charges/],
  [
    'a buyer who paid for nothing',
    { paid: [{ orderId: 'b', quantity: 1 }] },
    /paid for 1 tickets of order b/,
  ],
  ['a buyer who got less', { paid: [{ orderId: 'a', quantity: 3 }] }, /paid for 3 tickets/],
  ['a wrong belief', { subscribers: [{ ...SUBSCRIBERS, wrong: 1, example: 'x' }] }, /1 of 3 subscribers/],
  ['a masked error', { errors: { 'purchaseTickets INTERNAL_SERVER_ERROR': 1 } }, /INTERNAL_SERVER_ERROR/],
  ['a lost connection', { errors: { 'subscribe CLOSED_1006': 2 } }, /2 times: subscribe CLOSED_1006/],
])('finds %s', (_what, wrong, sentence) => {
  expect(brokenPromises({ ...KEPT, ...wrong }).join('\n')).toMatch(sentence);
});
