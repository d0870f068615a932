import { clientOf } from '../integration/local-stripe-support.js';
import { eventually } from './eventually.js';
import type { Account, Purchase } from './fixtures.js';
import { orderReaches, purchase } from './fixtures.js';
import { type GraphQLAnswer, graphql } from './graphql-client.js';
import { storedOrder } from './order-life.js';
import { sessionIn } from './stripe.js';
import type { World } from './world.js';

export interface RefundView {
  readonly id: string;
  readonly amount: { readonly amount: number; readonly currency: string };
  readonly reason: string;
  readonly note: string | null;
  readonly restock: boolean;
  readonly status: string;
  readonly failureReason: string | null;
  readonly settledAt: string | null;
  readonly order: { readonly id: string; readonly status: string; readonly paymentStatus: string };
  readonly attendees: ReadonlyArray<{ readonly id: string; readonly status: string }>;
}

export const REFUND_SELECTION = `{
  id amount { amount currency } reason note restock status failureReason settledAt
  order { id status paymentStatus } attendees { id status }
}`;

export interface RefundInput {
  readonly orderId: string;
  readonly lines?: ReadonlyArray<{ readonly lineId: string; readonly quantity: number }>;
  readonly attendeeIds?: readonly string[];
  readonly reason?: string;
  readonly note?: string;
  readonly restock?: boolean;
  readonly idempotencyKey?: string;
}

type Server = { readonly url: string };

/** The whole answer; by the producer's team unless another account is given. */
export function tryRefund(
  server: Server,
  token: string | undefined,
  input: RefundInput,
): Promise<GraphQLAnswer<{ refundOrder: RefundView }>> {
  const document = `mutation Refund($input: RefundOrderInput!) { refundOrder(input: $input) ${REFUND_SELECTION} }`;
  return graphql(server, document, { input: { reason: 'REQUESTED_BY_CUSTOMER', ...input } }, { token });
}

export function tryRetry(
  server: Server,
  token: string,
  id: string,
): Promise<GraphQLAnswer<{ retryRefund: RefundView }>> {
  const document = `mutation Retry($id: ID!) { retryRefund(id: $id) ${REFUND_SELECTION} }`;
  return graphql(server, document, { id }, { token });
}

/** The refunds of an order as whoever has its access token sees them. */
export async function refundsOf(server: Server, { order, accessToken }: Purchase): Promise<RefundView[]> {
  const document = `query Refunds($id: ID!, $accessToken: String) {
    order(id: $id, accessToken: $accessToken) { refunds ${REFUND_SELECTION} }
  }`;
  const answer = await graphql<{ order: { refunds: RefundView[] } }>(server, document, {
    id: order.id,
    accessToken,
  });
  if (answer.errors.length > 0 || !answer.data) throw new Error(JSON.stringify(answer.errors));
  return answer.data.order.refunds;
}

export interface PaidOrder {
  readonly seller: Account;
  readonly showId: string;
  readonly ticketIds: readonly string[];
  readonly bought: Purchase;
}

/** A confirmed order of so many of each ticket, of a show of its own unless one is given. */
export async function paidOrder(
  world: World,
  tickets: ReadonlyArray<{ readonly price: number; readonly quantity: number }>,
  capacity = 20,
): Promise<PaidOrder> {
  const { seller, show } = await world.sell({
    tickets: tickets.map(({ price }) => ({ price, quantity: capacity })),
  });
  const ticketIds = show.tickets.map(({ id }) => id);
  const items = tickets.map(({ quantity }, index) => ({ ticketId: ticketIds[index]!, quantity }));
  const ordered = await purchase(world.server, { showId: show.id, items });
  return { seller, showId: show.id, ticketIds, bought: await pay(world, ordered) };
}

/** Pays where there is something to pay; the purchase with its order as it is once confirmed. */
export async function pay(world: World, ordered: Purchase): Promise<Purchase> {
  if (ordered.checkoutUrl !== null) await world.stripe.pay(sessionIn(ordered.checkoutUrl));
  const order = await orderReaches(world.server, ordered, 'CONFIRMED', 30_000);
  return { ...ordered, order };
}

/** All refunds of the order's payment, newest first. */
export async function refundsAtStripe(world: World, { bought }: Pick<PaidOrder, 'bought'>) {
  const { payment_intent_id } = await storedOrder(world, bought.order.id);
  return (await clientOf(world.stripe).refunds.list({ payment_intent: payment_intent_id! })).data;
}

/** Waits until the order's newest refund is in this state, by the row: nobody is asked. */
export function refundIs(
  world: World,
  { bought }: Pick<PaidOrder, 'bought'>,
  status: string,
): Promise<unknown> {
  const newest = 'select status from refund where order_id = $1 order by created_at desc limit 1';
  return eventually(
    `the refund of order ${bought.order.id} is ${status}`,
    async () => (await world.database.pool.query(newest, [bought.order.id])).rows[0]?.status === status,
    30_000,
  );
}
