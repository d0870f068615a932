import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { orderReaches, tryPurchase } from '../support/fixtures.js';
import { expectData, expectError } from '../support/graphql-client.js';
import { traces } from '../support/row-counts.js';
import { sessionIn } from '../support/stripe.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld({ env: { WORKER: 'off' } });
});
afterAll(() => world.close());

describe('a price that changes after the buyer has been let in', () => {
  /** Sends the purchase, and changes the price once the purchase waits for the ticket's row. */
  async function changedUnderway(
    ticketId: string,
    price: number,
    send: () => ReturnType<typeof tryPurchase>,
  ) {
    const client = await world.database.pool.connect();
    try {
      await client.query('begin');
      await client.query('select from ticket where id = $1 for update', [ticketId]);
      const answer = send();
      await eventually('the purchase waits for the row', async () => {
        const { rowCount } = await client.query(
          `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
        );
        return rowCount === 1;
      });
      await client.query('update ticket set price = $1 where id = $2', [price, ticketId]);
      await client.query('commit');
      return await answer;
    } finally {
      client.release();
    }
  }
  async function underway(from: number, to: number, expectedUnitPrice?: number) {
    const { show } = await world.sell({ tickets: [{ price: from }, { price: 1 }] });
    const ticketId = show.tickets[0]!.id;
    const items = [{ ticketId, quantity: 2, expectedUnitPrice }];
    return {
      ticketId,
      answer: await changedUnderway(ticketId, to, () =>
        tryPurchase(world.server, { showId: show.id, items }),
      ),
    };
  }

  it('is what is stored, charged and paid', async () => {
    const { answer } = await underway(1_000, 1_500);
    const bought = expectData(answer).purchaseTickets;
    expect(bought.order).toMatchObject({
      total: { amount: 3_000 },
      lines: [{ unitPrice: { amount: 1_500 } }],
    });
    expect(await world.stripe.pay(sessionIn(bought.checkoutUrl))).toMatchObject({ amount_total: 3_000 });
    expect(await orderReaches(world.server, bought, 'CONFIRMED')).toMatchObject({ total: { amount: 3_000 } });
  });

  it('is refused where the buyer said what it saw', async () => {
    const { answer, ticketId } = await underway(1_000, 1_500, 1_000);
    expect(expectError(answer, 'PRICE_CHANGED').extensions?.tickets).toEqual([
      { ticketId, expected: 1_000, actual: 1_500 },
    ]);
  });

  it('to nothing makes the order free', async () => {
    const { answer } = await underway(1_000, 0);
    expect(expectData(answer).purchaseTickets).toMatchObject({
      checkoutUrl: null,
      order: { status: 'CONFIRMED', paymentStatus: 'NOT_REQUIRED', total: { amount: 0 } },
    });
  });

  it('from nothing is refused: nobody was asked yet who could take the money', async () => {
    const before = await traces(world);
    const { answer, ticketId } = await underway(0, 1_500);
    expect(expectError(answer, 'PRICE_CHANGED').extensions?.tickets).toEqual([
      { ticketId, expected: 0, actual: 1_500 },
    ]);
    expect(await traces(world)).toMatchObject({
      orders: before.orders,
      lines: before.lines,
      attendees: before.attendees,
    });
  });
});
