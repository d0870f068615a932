import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './eventually.js';
import { ORDER_SELECTION, type OrderView, type Purchase } from './fixtures.js';
import { type CallOptions, type GraphQLAnswer, graphql } from './graphql-client.js';
import type { World } from './world.js';

type Server = { readonly url: string };
type Database = { readonly database: Pick<World['database'], 'pool'> };

/** Rounds of the background are seconds apart, and a busy machine makes each one long. */
const PATIENCE_MS = 30_000;

export function completeCheckout(
  server: Server,
  sessionId: string,
): Promise<GraphQLAnswer<{ completeCheckout: OrderView }>> {
  const document = `mutation Complete($sessionId: String!) {
    completeCheckout(sessionId: $sessionId) ${ORDER_SELECTION}
  }`;
  return graphql(server, document, { sessionId });
}

/** What `PAYMENT_PROVIDER_UNAVAILABLE` says of the order that could not be led to its page. */
export interface GivenUp {
  readonly orderId: string;
  readonly accessToken?: string;
}

export function createCheckout(
  server: Server,
  order: GivenUp,
  options?: CallOptions,
): Promise<GraphQLAnswer<{ createCheckout: Purchase }>> {
  const document = `mutation CreateCheckout($orderId: ID!, $accessToken: String) {
    createCheckout(orderId: $orderId, accessToken: $accessToken) {
      checkoutUrl accessToken order ${ORDER_SELECTION}
    }
  }`;
  return graphql(server, document, { ...order }, options);
}

export function cancelOrder(
  server: Server,
  variables: { readonly id: string; readonly accessToken?: string },
  options?: CallOptions,
): Promise<GraphQLAnswer<{ cancelOrder: OrderView }>> {
  const document = `mutation Cancel($id: ID!, $accessToken: String) {
    cancelOrder(id: $id, accessToken: $accessToken) ${ORDER_SELECTION}
  }`;
  return graphql(server, document, variables, options);
}

/** As its buyer, who holds nothing but what the purchase answered. */
export function cancelAsBuyer(server: Server, { order, accessToken }: Purchase) {
  return cancelOrder(server, { id: order.id, accessToken });
}

/** Makes the background look after this order now, which it otherwise does a minute after the purchase. */
export async function makeDue({ database }: Database, orderId: string): Promise<void> {
  await database.pool.query('update orders set check_at = now() where id = $1', [orderId]);
}

/** From here on no order is ever due: what becomes of them, somebody else has told of. */
export async function withoutOrderChecks({ database }: Database): Promise<void> {
  await database.pool.query(`
    create function never_due() returns trigger language plpgsql as
      $$ begin new.check_at := null; return new; end $$;
    create trigger never_due before insert or update on orders for each row execute function never_due();
    update orders set check_at = null;`);
}

/** Makes the order's time run out now, for the background to find. */
export async function endHold({ database }: Database, orderId: string): Promise<void> {
  await database.pool.query('update orders set expires_at = now(), check_at = now() where id = $1', [
    orderId,
  ]);
}

/** Makes the background look after this order now, and waits until it has, and found nothing to do. */
export async function checkInVain(world: Database, orderId: string): Promise<void> {
  await makeDue(world, orderId);
  await untilCheckedInVain(world, orderId);
}

export async function untilCheckedInVain({ database }: Database, orderId: string): Promise<void> {
  // Whoever looks after an order has claimed it for less than this.
  const later = "select check_at > now() + interval '30 seconds' as later from orders where id = $1";
  await eventually(
    `order ${orderId} is to be looked after later`,
    async () => {
      const { rows } = await database.pool.query(later, [orderId]);
      return rows[0].later === true;
    },
    PATIENCE_MS,
  );
}

/** The order's row as it stands. */
export async function storedOrder(
  { database }: Database,
  orderId: string,
): Promise<{
  readonly status: string;
  readonly payment_status: string;
  readonly checkout_session_id: string | null;
  readonly payment_intent_id: string | null;
  readonly idempotency_key: string | null;
  readonly check_at: Date | null;
  readonly checkout_attempt: number;
  readonly stripe_account_id: string | null;
}> {
  const { rows } = await database.pool.query('select * from orders where id = $1', [orderId]);
  return rows[0];
}

/** Waits until order and payment are in these states, by the row: nobody is asked, so nothing is triggered. */
export async function settlesAs(
  world: Database,
  orderId: string,
  status: string,
  paymentStatus: string,
): Promise<void> {
  let last = '';
  const probe = async () => {
    const order = await storedOrder(world, orderId);
    last = `${order.status} + ${order.payment_status}`;
    return last === `${status} + ${paymentStatus}`;
  };
  await eventually(`order ${orderId} is ${status} + ${paymentStatus}`, probe, PATIENCE_MS).catch((error) => {
    throw new Error(`${error.message}; it is ${last}`);
  });
}

export interface Counters {
  readonly quantity: number;
  readonly held: number;
  readonly sold: number;
}

export async function counters({ database }: Database, ticketId: string): Promise<Counters> {
  const { rows } = await database.pool.query('select quantity, held, sold from ticket where id = $1', [
    ticketId,
  ]);
  return rows[0];
}

/** Jobs of this order that wait or run; those that are done are gone. */
export async function jobsOf(
  { database }: Database,
  orderId: string,
): Promise<Array<{ readonly task: string; readonly attempts: number; readonly last_error: string | null }>> {
  const { rows } = await database.pool.query(
    `select task.identifier as task, job.attempts, job.last_error
     from graphile_worker._private_jobs job join graphile_worker._private_tasks task on task.id = job.task_id
     where job.payload->>'orderId' = $1 order by job.id`,
    [orderId],
  );
  return rows;
}

/** Lets jobs that failed be tried now, not after their delay. */
export async function hurryJobs({ database }: Database): Promise<void> {
  await database.pool.query(
    'update graphile_worker._private_jobs set run_at = now() where locked_at is null',
  );
}

/** Lets so much time pass that jobs which a dead process had begun count as left behind. */
export async function outliveDeadJobs({ database }: Database): Promise<void> {
  for (const table of ['jobs', 'job_queues']) {
    await database.pool.query(
      `update graphile_worker._private_${table} set locked_at = locked_at - interval '10 minutes'
       where locked_at is not null`,
    );
  }
}

/** Every mail about this order that any server process has delivered, of one kind, once no more are on their way. */
export async function mailsAbout(
  world: Pick<World, 'database' | 'servers'>,
  orderId: string,
  kind: 'confirmation' | 'refund',
): Promise<string[]> {
  const id = `<${kind}.${orderId}`;
  return eventually(
    `the ${kind} mail of order ${orderId} has been sent`,
    async () => {
      if ((await jobsOf(world, orderId)).length > 0) return undefined;
      const found = world.servers.flatMap(({ mailDirectory }) => mailsIn(mailDirectory, id));
      return found.length > 0 && found;
    },
    PATIENCE_MS,
  );
}

function mailsIn(directory: string, text: string): string[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.eml'))
    .map((name) => readFileSync(join(directory, name), 'utf8'))
    .filter((mail) => mail.includes(text));
}
