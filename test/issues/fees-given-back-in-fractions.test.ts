import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Account, purchase } from '../support/fixtures.js';
import { expectData, graphql } from '../support/graphql-client.js';
import { signUpOperator } from '../support/operators.js';
import { pay, tryRefund } from '../support/refunds.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
let operator: Account;
beforeAll(async () => {
  world = await startWorld({ env: { PLATFORM_FEE_PERCENT: '7.3' } });
  operator = await signUpOperator(world);
});
afterAll(() => world.close());

const AUDIT = `query ($orderId: ID!) { ledgerAudit(orderId: $orderId) {
  orders differences { what recorded atStripe }
} }`;

async function audit(orderId: string): Promise<unknown> {
  const answer = await graphql<{ ledgerAudit: unknown }>(
    world.server,
    AUDIT,
    { orderId },
    { token: operator.token },
  );
  return expectData(answer).ledgerAudit;
}

async function feesGivenBack(orderId: string): Promise<number[]> {
  const { rows } = await world.database.pool.query(
    `select amount::int from ledger_entry where order_id = $1 and kind = 'APPLICATION_FEE_REFUND' and amount > 0
     order by id`,
    [orderId],
  );
  return rows.map(({ amount }) => amount);
}

describe('a fee that goes back in parts', () => {
  // Of 7 tickets: one, one, and all the rest. The first two times Stripe counts 24.29 ISK, and 48.57 ISK in all.
  it.each([
    ['ISK', 333, [24, 25, 121], 170],
    ['JPY', 333, [24, 25, 121], 170],
    ['KWD', 3330, [243, 243, 1214], 1700],
  ])('is audited in %s without a difference, and adds up', async (currency, price, parts, fee) => {
    const { seller, show } = await world.sell({ tickets: [{ price, currency, quantity: 20 }] });
    const items = [{ ticketId: show.tickets[0]!.id, quantity: 7 }];
    const { order } = await pay(world, await purchase(world.server, { showId: show.id, items }));
    const [first, second] = order.attendees;
    for (const choice of [{ attendeeIds: [first!.id] }, { attendeeIds: [second!.id] }, {}]) {
      const answer = await tryRefund(world.server, seller.token, { orderId: order.id, ...choice });
      expect(expectData(answer).refundOrder.status).toBe('SUCCEEDED');
      expect(await audit(order.id)).toEqual({ orders: 1, differences: [] });
    }
    expect(await feesGivenBack(order.id)).toEqual(parts);
    expect(parts.reduce((sum, part) => sum + part)).toBe(fee);
  });
});
