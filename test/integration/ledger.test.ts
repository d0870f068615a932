import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Account, type PublishedShow, purchase, signUp } from '../support/fixtures.js';
import { expectData, expectError, graphql } from '../support/graphql-client.js';
import { buyAndPay, ledgerOf, type PaidOrder } from '../support/money.js';
import { settlesAs } from '../support/order-life.js';
import { sessionIn } from '../support/stripe.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
let show: PublishedShow;
let seller: Account;
let order: PaidOrder;
beforeAll(async () => {
  world = await startWorld({ env: { PLATFORM_FEE_PERCENT: '10' } });
  ({ show, seller } = await world.sell({ tickets: [{ price: 2500, quantity: 100 }] }));
  order = await buyAndPay(world, show, 2);
});
afterAll(async () => world.close());

const PAID = [
  'CHARGE BUYER -5000',
  'CHARGE PLATFORM 5000',
  'TRANSFER PLATFORM -5000',
  'TRANSFER PRODUCER 5000',
  'APPLICATION_FEE PRODUCER -500',
  'APPLICATION_FEE PLATFORM 500',
];

describe('the ledger', () => {
  it('has charge, transfer and fee of an order that was paid, once', async () => {
    expect(await ledgerOf(world, order.orderId)).toEqual(PAID);
    const { checkoutUrl } = order.bought;
    const document = 'mutation ($id: String!) { completeCheckout(sessionId: $id) { paymentStatus } }';
    expectData(await graphql(world.server, document, { id: sessionIn(checkoutUrl) }));
    expect(await ledgerOf(world, order.orderId)).toEqual(PAID);
  });

  it('has them of money that came late, whether or not there are tickets left for it', async () => {
    for (const [quantity, status] of [
      [2, 'CONFIRMED'],
      [1, 'EXPIRED'],
    ] as const) {
      const sold = await world.sell({ tickets: [{ price: 5000 / quantity, quantity: quantity }] });
      const items = [{ ticketId: sold.show.tickets[0]!.id, quantity }];
      const bought = await purchase(world.server, { showId: sold.show.id, items });
      await world.stripe.expireSession(sessionIn(bought.checkoutUrl));
      await settlesAs(world, bought.order.id, 'EXPIRED', 'UNPAID');
      if (status === 'EXPIRED') await purchase(world.server, { showId: sold.show.id, items });
      await world.stripe.pay(sessionIn(bought.checkoutUrl), { afterExpiry: true });
      await settlesAs(world, bought.order.id, status, status === 'EXPIRED' ? 'REFUNDED' : 'PAID');
      expect((await ledgerOf(world, bought.order.id)).slice(0, 6)).toEqual(PAID);
    }
  });

  it('has nothing of an order that was free', async () => {
    const free = await world.sell({ tickets: [{}] });
    const items = [{ ticketId: free.show.tickets[0]!.id, quantity: 1 }];
    const bought = await purchase(world.server, { showId: free.show.id, items });
    expect(await ledgerOf(world, bought.order.id)).toEqual([]);
  });

  it.each([
    'update ledger_entry set amount = amount + 1',
    'delete from ledger_entry',
    'truncate ledger_entry',
    'update ledger_entry set amount = amount where false',
  ])('refuses to be changed: %s', async (statement) => {
    await expect(world.database.pool.query(statement)).rejects.toThrow('The ledger is append-only');
    expect(await ledgerOf(world, order.orderId)).toEqual(PAID);
  });

  it('refuses a movement that does not sum to zero', async () => {
    const insert = `insert into ledger_entry (kind, source_id, account, order_id, producer_id, amount, currency, occurred_at)
      values ('REFUND', 're_1', 'PLATFORM', $1, $2, -100, 'USD', now()), ('REFUND', 're_1', 'BUYER', $1, $2, 99, 'USD', now())`;
    const values = [order.orderId, show.producerId];
    await expect(world.database.pool.query(insert, values)).rejects.toThrow('does not sum to zero');
  });
});

const ORDER = `query ($id: ID!, $accessToken: String) { order(id: $id, accessToken: $accessToken) {
  payments { id amount { amount currency } fee { amount currency } net { amount currency } createdAt }
} }`;

describe('payments of an order', () => {
  const payment = (fee: unknown, net: unknown) => ({
    order: {
      payments: [
        {
          id: order.paymentIntentId,
          amount: { amount: 5000, currency: 'USD' },
          fee,
          net,
          createdAt: expect.any(String),
        },
      ],
    },
  });

  it("are shown with fee and net to the producer's team", async () => {
    const answer = await graphql(world.server, ORDER, { id: order.orderId }, { token: seller.token });
    expect(expectData(answer)).toEqual(
      payment({ amount: 500, currency: 'USD' }, { amount: 4500, currency: 'USD' }),
    );
  });

  it('are shown without them to whoever has bought', async () => {
    const { accessToken } = order.bought;
    const answer = await graphql(world.server, ORDER, { id: order.orderId, accessToken });
    expect(expectData(answer)).toEqual(payment(null, null));
  });
});

const FIGURES = `query ($id: ID!, $from: DateTime, $to: DateTime) { show(id: $id) { producer {
  balance { amount currency }
  sales(from: $from, to: $to) { currency gross refunded fees disputed net orders tickets }
} } }`;
type Figures = { show: { producer: { balance: unknown; sales: unknown } } };

async function figures(of: PublishedShow, token: string | undefined, window: object = {}) {
  const answer = await graphql<Figures>(world.server, FIGURES, { id: of.id, ...window }, { token });
  return expectData(answer).show.producer;
}

/** Entries as they would come of so many more movements, of this kind, for this order. */
async function move(kind: string, sourceId: string, from: string, to: string, amount: number, at: string) {
  await world.database.pool.query(
    `insert into ledger_entry (kind, source_id, account, order_id, producer_id, amount, currency, occurred_at)
     select $1, $2, e.account, o.id, s.producer_id, e.amount, o.currency, $6
     from orders o join show s on s.id = o.show_id, (values ($3, -$5::bigint), ($4, $5::bigint)) as e(account, amount)
     where o.id = $7`,
    [kind, sourceId, from, to, amount, at, order.orderId],
  );
}

const NOTHING = { gross: 0, refunded: 0, fees: 0, disputed: 0, net: 0, orders: 0, tickets: 0 };

describe("a producer's figures", () => {
  it('are null for everyone else', async () => {
    const stranger = await signUp(world.server);
    for (const token of [undefined, stranger.token]) {
      expect(await figures(show, token)).toEqual({ balance: null, sales: null });
    }
  });

  it('are empty before anything was sold', async () => {
    const sold = await world.sell({ tickets: [{ price: 100 }] });
    expect(await figures(sold.show, sold.seller.token)).toEqual({ balance: [], sales: [] });
  });

  it('are of each currency by itself, over all shows', async () => {
    const sold = await world.sell({ tickets: [{ price: 1001, quantity: 10 }] });
    const { producerId } = sold.show;
    const options = { token: sold.seller.token };
    const more = await world.sell({ tickets: [{ price: 300, currency: 'JPY', quantity: 10 }] });
    await world.database.pool.query('update show set producer_id = $1 where id = $2', [
      producerId,
      more.show.id,
    ]);
    await buyAndPay(world, sold.show, 1);
    await buyAndPay(world, sold.show, 3);
    await buyAndPay(world, more.show, 2);
    expect(await figures(sold.show, options.token)).toEqual({
      balance: [
        { amount: 540, currency: 'JPY' },
        { amount: 901 + 2703, currency: 'USD' },
      ],
      sales: [
        { ...NOTHING, currency: 'JPY', gross: 600, fees: 60, net: 540, orders: 1, tickets: 2 },
        { ...NOTHING, currency: 'USD', gross: 4004, fees: 400, net: 3604, orders: 2, tickets: 4 },
      ],
    });
  });

  it('count each movement in the time it falls into, and sums that no Int can hold', async () => {
    const before = '2020-01-01T00:00:00.000Z';
    await move('TRANSFER', 'pi_big_1', 'PLATFORM', 'PRODUCER', 2_000_000_000, before);
    await move('TRANSFER', 'pi_big_2', 'PLATFORM', 'PRODUCER', 2_000_000_000, before);
    await move('REFUND', 're_1', 'PLATFORM', 'BUYER', 700, before);
    await move('REFUND', 're_2', 'PLATFORM', 'BUYER', 300, '2020-01-02T00:00:00.000Z');
    await move('REFUND_FAILED', 're_1', 'BUYER', 'PLATFORM', 700, '2020-01-02T00:00:00.000Z');
    await move('DISPUTE', 'dp_1', 'PLATFORM', 'BUYER', 900, '2020-01-02T00:00:00.000Z');
    await move('DISPUTE_REVERSAL', 'dp_1', 'BUYER', 'PLATFORM', 900, '2020-01-03T00:00:00.000Z');
    await move('APPLICATION_FEE_REFUND', 're_2', 'PLATFORM', 'PRODUCER', 30, '2020-01-02T00:00:00.000Z');
    await move('TRANSFER_REVERSAL', 're_2', 'PRODUCER', 'PLATFORM', 300, '2020-01-02T00:00:00.000Z');
    const day = (from: string, to: string) => figures(show, seller.token, { from, to });
    const first = await day(before, '2020-01-02T00:00:00.000Z');
    expect(first).toEqual({
      balance: [{ amount: 4500 + 4_000_000_000 + 30 - 300, currency: 'USD' }],
      sales: [{ ...NOTHING, currency: 'USD', refunded: 700, net: 4_000_000_000 }],
    });
    expect((await day('2020-01-02T00:00:00.000Z', '2020-01-03T00:00:00.000Z')).sales).toEqual([
      { ...NOTHING, currency: 'USD', refunded: -400, fees: -30, disputed: 900, net: -270 },
    ]);
    expect((await day('2020-01-03T00:00:00.000Z', '2020-01-04T00:00:00.000Z')).sales).toEqual([
      { ...NOTHING, currency: 'USD', disputed: -900 },
    ]);
    expect((await day('2020-01-04T00:00:00.000Z', '2020-01-05T00:00:00.000Z')).sales).toEqual([]);
  });

  it('are refused for a time that ends before it begins', async () => {
    const window = { from: '2020-01-02T00:00:00.000Z', to: '2020-01-01T00:00:00.000Z' };
    const answer = await graphql(world.server, FIGURES, { id: show.id, ...window }, { token: seller.token });
    expect(expectError(answer, 'BAD_USER_INPUT').extensions).toMatchObject({ field: 'to' });
  });
});
