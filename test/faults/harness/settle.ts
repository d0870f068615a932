import { setTimeout as delay } from 'node:timers/promises';
import { hurryJobs, outliveDeadJobs } from '../../support/order-life.js';
import type { Cluster } from './cluster.js';
import type { Watchers } from './watchers.js';

const POLL_MS = 100;
/** Since something was last done; what has to be in time is measured elsewhere. */
const PATIENCE_MS = 60_000;
const HEARD_WITHIN_MS = 15_000;

/** Lasts until nothing is left, or until for so long less was not left: a machine may be slow, but goes on. */
class Patience {
  private least = Number.POSITIVE_INFINITY;
  private since = performance.now();

  constructor(private readonly lastsMs: number) {}

  isOverWith(left: number): boolean {
    if (left < this.least) {
      this.least = left;
      this.since = performance.now();
    }
    return left === 0 || performance.now() - this.since > this.lastsMs;
  }
}

/** Orders that have not come to their end, or whose sessions have not; refunds, mails and other jobs that wait. */
const LEFT_TO_DO = `
  select 'order ' || id || ' is ' || status || ' + ' || payment_status as what from orders
  where status = 'PENDING' or (status = 'CANCELLED' and check_at is not null)
  union all select 'refund ' || id from refund where status = 'PENDING'
  union all select 'batch ' || id from confirmation_batch
  union all select 'job ' || id || ' ' || coalesce(last_error, '') from graphile_worker._private_jobs`;

/**
 * Waits until nothing is left to do. What waits for minutes to go by (the next look at an order, a job's next try,
 * a job that a dead process had begun) waits no longer: its time is moved to now, and nothing else is touched.
 *
 * @returns what was still left when patience ended
 */
export async function settle({ pool }: Cluster): Promise<string[]> {
  const patience = new Patience(PATIENCE_MS);
  for (;;) {
    await outliveDeadJobsOf(pool);
    await hurryJobs({ database: { pool } });
    await pool.query(
      `update orders set check_at = now()
       where check_at > now() + interval '2 seconds' and (expires_at is null or expires_at <= now())`,
    );
    const { rows } = await pool.query<{ what: string }>(LEFT_TO_DO);
    if (patience.isOverWith(rows.length)) return rows.slice(0, 5).map(({ what }) => `still to do: ${what}`);
    await delay(POLL_MS * 3);
  }
}

/** No job of ours takes so long: whoever had begun it has died. */
async function outliveDeadJobsOf(pool: Cluster['pool']): Promise<void> {
  const { rowCount } = await pool.query(
    "select from graphile_worker._private_jobs where locked_at < now() - interval '15 seconds' limit 1",
  );
  if (rowCount) await outliveDeadJobs({ database: { pool } });
}

/** @returns a sentence for each watcher who believes something that is not so, after what they may take to hear of it */
export async function misled({ pool }: Cluster, watchers: Watchers): Promise<string[]> {
  const patience = new Patience(HEARD_WITHIN_MS);
  for (;;) {
    const wrong = [...(await misledAboutShows(pool, watchers)), ...(await misledAboutOrders(pool, watchers))];
    if (patience.isOverWith(wrong.length)) return wrong;
    await delay(POLL_MS);
  }
}

async function misledAboutShows(pool: Cluster['pool'], { shows }: Watchers): Promise<string[]> {
  const { rows } = await pool.query<{ id: number; show_id: number; available: number }>(
    'select id, show_id, quantity - held - sold as available from ticket',
  );
  return shows.flatMap((watcher) =>
    rows
      .filter(({ show_id }) => String(show_id) === watcher.showId)
      .map((row) => ({ row, known: watcher.state.get(String(row.id)) }))
      .filter(({ row: { available }, known }) => {
        const status = available === 0 ? 'SOLD_OUT' : 'ON_SALE';
        return known?.available !== available || known.status !== status;
      })
      .map(({ row, known }) => `a watcher believes ${JSON.stringify(known)}, but ${row.available} are left`),
  );
}

async function misledAboutOrders(pool: Cluster['pool'], { followed }: Watchers): Promise<string[]> {
  const { rows } = await pool.query<{ id: string; state: string }>(
    "select id, status || ' + ' || payment_status as state from orders where id = any ($1)",
    [followed.map(({ orderId }) => orderId)],
  );
  const states = new Map(rows.map(({ id, state }) => [id, state]));
  return followed
    .filter(({ orderId, last }) => last !== undefined && last !== states.get(orderId))
    .map(
      ({ orderId, last }) => `who follows order ${orderId} believes ${last}; it is ${states.get(orderId)}`,
    );
}
