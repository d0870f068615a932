import type { Database } from './stack.js';
import type { Target } from './work.js';

export interface CatalogueOptions {
  readonly shows: number;
  /** Of each show in turn; [3, 4, 5] gives the first show three kinds of tickets, the second four. */
  readonly ticketsPerShow: readonly number[];
  /** Of every ticket. */
  readonly quantity: number;
}

const PRODUCERS = 10;

/**
 * Puts shows with free tickets on sale, straight into the tables: thousands of shows through the API would take longer
 * than everything that is measured. For before a server starts.
 *
 * @returns every ticket, by show in the order they start
 */
export async function putOnSale({ pool }: Database, options: CatalogueOptions): Promise<readonly Target[]> {
  const { shows, ticketsPerShow, quantity } = options;
  await pool.query(
    `INSERT INTO producer (name) SELECT 'Theatre company ' || n FROM generate_series(1, $1::int) AS n`,
    [PRODUCERS],
  );
  await pool.query(
    `INSERT INTO show (producer_id, title, description, venue, time_zone, starts_at, status)
     SELECT 1 + n % $2::int, 'An evening in parts, ' || n, repeat('All about the evening. ', 10),
       'Playhouse ' || n % 7, 'Europe/Berlin',
       date_trunc('hour', now()) + interval '30 days' + n * interval '1 hour', 'PUBLISHED'
     FROM generate_series(1, $1::int) AS n`,
    [shows, PRODUCERS],
  );
  await pool.query(
    `INSERT INTO ticket (show_id, name, price, currency, quantity)
     SELECT show.id, 'Category ' || kind, 0, 'EUR', $1::int
     FROM show, generate_series(1, ($2::int[])[1 + (show.id - 1) % cardinality($2::int[])]) AS kind
     ORDER BY show.id, kind`,
    [quantity, ticketsPerShow],
  );
  await pool.query('ANALYZE');
  const { rows } = await pool.query<Target>(
    'SELECT show_id AS "showId", id AS "ticketId" FROM ticket ORDER BY show_id, id',
  );
  return rows;
}
