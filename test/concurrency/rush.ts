import type pg from 'pg';
import { type Purchase, type PurchaseInput, tryPurchase } from '../support/fixtures.js';
import type { GraphQLAnswer, GraphQLFailure } from '../support/graphql-client.js';

type Server = { readonly url: string };

/** For servers at which nobody gives up before the tickets are gone, however slow the machine. */
export const PATIENT = { LOCK_WAIT_MS: '60000' };

/** What came of buyers who all came at once, in the order in which they were given. */
export interface Rush {
  readonly answers: ReadonlyArray<GraphQLAnswer<{ purchaseTickets: Purchase }>>;
  readonly purchases: readonly Purchase[];
  readonly refusals: readonly GraphQLFailure[];
}

/** Sends all purchases at once, in turn to each of the servers. Everyone is a new person unless the input says who. */
export async function rush(servers: readonly Server[], inputs: readonly PurchaseInput[]): Promise<Rush> {
  const answers = await Promise.all(
    inputs.map((input, index) => tryPurchase(servers[index % servers.length]!, input)),
  );
  return {
    answers,
    purchases: answers.flatMap((answer) => answer.data?.purchaseTickets ?? []),
    refusals: answers.flatMap((answer) => answer.errors),
  };
}

/** So many buyers who each want one of this ticket. */
export function buyersOf(
  show: { readonly id: string; readonly tickets: ReadonlyArray<{ readonly id: string }> },
  count: number,
): PurchaseInput[] {
  const items = [{ ticketId: show.tickets[0]!.id, quantity: 1 }];
  return Array.from({ length: count }, () => ({ showId: show.id, items }));
}

/** How often each order status and each error code was answered. */
export function tally({ purchases, refusals }: Rush): Record<string, number> {
  const outcomes = [
    ...purchases.map(({ order }) => order.status),
    ...refusals.map((failure) => failure.extensions?.code ?? `no code: ${failure.message}`),
  ];
  const groups = Object.groupBy(outcomes, (outcome) => outcome);
  return Object.fromEntries(Object.entries(groups).map(([outcome, same]) => [outcome, same!.length]));
}

/** How many of a ticket the orders in the database hold or have bought, whatever its counters say. */
export async function orderedOf(pool: pg.Pool, ticketId: string): Promise<number> {
  const { rows } = await pool.query<{ quantity: number }>(
    `select coalesce(sum(order_line.quantity), 0)::int as quantity
     from order_line join orders on orders.id = order_line.order_id
     where order_line.ticket_id = $1 and orders.status in ('PENDING', 'CONFIRMED')`,
    [ticketId],
  );
  return rows[0]!.quantity;
}

export interface Counters {
  readonly quantity: number;
  readonly held: number;
  readonly sold: number;
}

export async function countersOf(pool: pg.Pool, ticketId: string): Promise<Counters> {
  const { rows } = await pool.query<Counters>('select quantity, held, sold from ticket where id = $1', [
    ticketId,
  ]);
  return rows[0]!;
}
