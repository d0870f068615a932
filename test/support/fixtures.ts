import { randomUUID } from 'node:crypto';
import type { NewShow, NewTicket, Producer, Show } from '../../dev/seller.js';
import * as seller from '../../dev/seller.js';
import { eventually } from './eventually.js';
import {
  type CallOptions,
  expectData,
  type GraphQLAnswer,
  GraphQLClient,
  graphql,
} from './graphql-client.js';

export type { NewShow, NewTicket, Producer, Show, Ticket } from '../../dev/seller.js';

type Server = { readonly url: string };

export const PASSWORD = 'correct horse battery';
const DAY_MS = 24 * 60 * 60 * 1000;

export interface Account {
  readonly userId: string;
  readonly email: string;
  readonly token: string;
  readonly refreshToken: string;
  readonly client: GraphQLClient;
}

/** Calls the server as the bearer of the token; throws when the answer has errors. */
export function callerOf(server: Server, token?: string): seller.Call {
  return async <Data>(document: string, variables: Readonly<Record<string, unknown>>) =>
    expectData(await graphql<Data>(server, document, variables, { token }));
}

export function uniqueEmail(name = 'person'): string {
  return `${name}-${randomUUID()}@example.com`;
}

/** A new account, by default one that nobody has seen before. */
export async function signUp(
  server: Server,
  {
    email = uniqueEmail(),
    password = PASSWORD,
    name,
  }: { email?: string; password?: string; name?: string } = {},
): Promise<Account> {
  const session = await seller.signUp(callerOf(server), {
    email,
    password,
    ...(name !== undefined && { name }),
  });
  return {
    userId: session.user.id,
    email,
    token: session.accessToken,
    refreshToken: session.refreshToken,
    client: new GraphQLClient(server, session.accessToken),
  };
}

export function createProducer(server: Server, token: string, name = 'A Producer'): Promise<Producer> {
  return seller.createProducer(callerOf(server, token), name);
}

/** Goes through Stripe's onboarding to the end and waits until the server has heard of it. */
export async function makePayable(
  server: Server,
  token: string,
  producerId: string,
  finishOnboarding: (url: string) => Promise<void>,
): Promise<void> {
  const call = callerOf(server, token);
  await finishOnboarding(await seller.connectStripeAccount(call, producerId, `${server.url}/graphiql`));
  await eventually(`producer ${producerId} can accept payments`, async () =>
    (await seller.ownProducers(call)).some(
      (producer) => producer.id === producerId && producer.canAcceptPayments,
    ),
  );
}

export interface ShowOptions extends Partial<NewShow> {
  /** A new one by default. */
  readonly producerId?: string;
  readonly tickets: readonly Partial<NewTicket>[];
  /** Needed when a ticket has a price and the producer is not payable yet. */
  readonly finishOnboarding?: (url: string) => Promise<void>;
}

export interface PublishedShow extends Show {
  readonly producerId: string;
}

/** A show on sale, a month from now, whose producer can take the money that its tickets cost. */
export async function createPublishedShow(
  server: Server,
  token: string,
  options: ShowOptions,
): Promise<PublishedShow> {
  const { producerId: given, tickets, finishOnboarding, ...show } = options;
  const producerId = given ?? (await createProducer(server, token)).id;
  const wanted = tickets.map((ticket, index) => ({
    name: `Ticket ${index + 1}`,
    price: 0,
    quantity: 100,
    ...ticket,
  }));
  if (finishOnboarding && wanted.some(({ price }) => price > 0)) {
    await makePayable(server, token, producerId, finishOnboarding);
  }
  const startsAt = new Date(Date.now() + 30 * DAY_MS).toISOString();
  const published = await seller.createPublishedShow(
    callerOf(server, token),
    producerId,
    { title: 'A Show', timeZone: 'Europe/Berlin', startsAt, ...show },
    wanted,
  );
  return { ...published, producerId };
}

export interface PurchaseInput {
  readonly showId: string;
  readonly items: ReadonlyArray<{ ticketId: string; quantity: number; expectedUnitPrice?: number }>;
  readonly email?: string;
  readonly name?: string;
  readonly idempotencyKey?: string;
  readonly successUrl?: string;
  readonly cancelUrl?: string;
}

export interface OrderView {
  readonly id: string;
  readonly reference: string;
  readonly status: string;
  readonly paymentStatus: string;
  readonly email: string;
  readonly total: { readonly amount: number; readonly currency: string };
  readonly expiresAt: string | null;
  readonly confirmedAt: string | null;
  readonly checkoutUrl: string | null;
  readonly lines: ReadonlyArray<{
    readonly id: string;
    readonly quantity: number;
    readonly ticket: { readonly id: string };
    readonly unitPrice: { readonly amount: number; readonly currency: string };
    readonly attendees: ReadonlyArray<{ readonly id: string }>;
  }>;
  readonly attendees: ReadonlyArray<{ readonly id: string; readonly status: string; readonly code: string }>;
}

export interface Purchase {
  readonly order: OrderView;
  readonly checkoutUrl: string | null;
  readonly accessToken: string;
}

/** What `OrderView` holds, as a GraphQL selection. */
export const ORDER_SELECTION = `{
  id reference status paymentStatus email total { amount currency } expiresAt confirmedAt checkoutUrl
  lines { id quantity ticket { id } unitPrice { amount currency } attendees { id } }
  attendees { id status code }
}`;

const PURCHASE = `mutation Purchase($input: PurchaseTicketsInput!) {
  purchaseTickets(input: $input) { checkoutUrl accessToken order ${ORDER_SELECTION} }
}`;

/** The whole answer, for tests of what goes wrong. The buyer is a new person unless the input says who. */
export function tryPurchase(
  server: Server,
  input: PurchaseInput,
  options: CallOptions = {},
): Promise<GraphQLAnswer<{ purchaseTickets: Purchase }>> {
  return graphql(server, PURCHASE, { input: { email: uniqueEmail('buyer'), ...input } }, options);
}

/** @throws when the purchase fails. */
export async function purchase(
  server: Server,
  input: PurchaseInput,
  options?: CallOptions,
): Promise<Purchase> {
  return expectData(await tryPurchase(server, input, options)).purchaseTickets;
}

/** The order as its buyer sees it. */
export async function readOrder(server: Server, { order, accessToken }: Purchase): Promise<OrderView> {
  const document = `query Order($id: ID!, $accessToken: String) {
    order(id: $id, accessToken: $accessToken) ${ORDER_SELECTION}
  }`;
  const answer = await graphql<{ order: OrderView | null }>(server, document, { id: order.id, accessToken });
  const found = expectData(answer).order;
  if (!found) throw new Error(`Order ${order.id} cannot be read with its own access token.`);
  return found;
}

/** Waits until the order is in this state. */
export function orderReaches(
  server: Server,
  bought: Purchase,
  status: string,
  timeoutMs?: number,
): Promise<OrderView> {
  return eventually(
    `order ${bought.order.id} is ${status}`,
    async () => {
      const order = await readOrder(server, bought);
      return order.status === status && order;
    },
    timeoutMs,
  );
}

/** What is left of each of the show's tickets, by ticket id. */
export async function availability(server: Server, showId: string): Promise<Record<string, number>> {
  const document = 'query Availability($id: ID!) { show(id: $id) { tickets { id available } } }';
  const answer = await graphql<{ show: { tickets: Array<{ id: string; available: number }> } | null }>(
    server,
    document,
    { id: showId },
  );
  const { show } = expectData(answer);
  if (!show) throw new Error(`Show ${showId} is not there.`);
  return Object.fromEntries(show.tickets.map(({ id, available }) => [id, available]));
}
