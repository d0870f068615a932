import type { Account } from './fixtures.js';
import { expectData, graphql } from './graphql-client.js';
import { attendeeStates, ledgerOf, type PaidOrder } from './money.js';
import type { World } from './world.js';

export const DISPUTES = `query ($id: ID!, $accessToken: String) { order(id: $id, accessToken: $accessToken) {
  disputes { id amount { amount currency } reason status evidenceDueBy createdAt closedAt }
} }`;
type Shown = { order: { disputes: Array<Record<string, unknown>> | null } };

export async function shownDisputes(
  world: World,
  seller: Account,
  { orderId }: PaidOrder,
): Promise<Array<Record<string, unknown>>> {
  const answer = await graphql<Shown>(world.server, DISPUTES, { id: orderId }, { token: seller.token });
  return expectData(answer).order.disputes!;
}

/** Everything that a dispute changes about an order. */
export async function disputedState(world: World, seller: Account, order: PaidOrder) {
  const { rows } = await world.database.pool.query(
    'select status, payment_status from orders where id = $1',
    [order.orderId],
  );
  return {
    order: `${rows[0].status} + ${rows[0].payment_status}`,
    attendees: await attendeeStates(world, order.orderId),
    disputes: (await shownDisputes(world, seller, order)).map(({ status }) => status),
    ledger: (await ledgerOf(world, order.orderId)).filter((entry) => entry.startsWith('DISPUTE')),
  };
}

const TAKEN = ['DISPUTE PLATFORM -5000', 'DISPUTE BUYER 5000'];
const GIVEN_BACK = ['DISPUTE_REVERSAL BUYER -5000', 'DISPUTE_REVERSAL PLATFORM 5000'];
export const OPEN = {
  order: 'CONFIRMED + DISPUTED',
  attendees: ['FROZEN', 'FROZEN'],
  disputes: ['NEEDS_RESPONSE'],
  ledger: TAKEN,
};
export const WON = {
  order: 'CONFIRMED + PAID',
  attendees: ['VALID', 'VALID'],
  disputes: ['WON'],
  ledger: [...TAKEN, ...GIVEN_BACK],
};
export const LOST = {
  order: 'CONFIRMED + DISPUTED',
  attendees: ['REVOKED', 'REVOKED'],
  disputes: ['LOST'],
  ledger: TAKEN,
};
