import type { Orm } from '../database/index.js';

/** A public show with all that is told of it, as the database has it in one instant. */
export interface PublishedRow {
  readonly id: number;
  /** Another one for every change of any of its rows, whoever made it. */
  readonly revision: string;
  /** JSON of a `Terms`: everything but the counters. */
  readonly terms: string;
  /** Of each ticket its id, quantity, held, sold and version. */
  readonly counters: readonly (readonly [number, number, number, number, number])[];
}

/** Columns by their names; of the show there may be more than this version of the program knows. */
export interface Terms {
  readonly show: Columns;
  readonly producer: Columns;
  /** In id order. */
  readonly tickets: readonly Columns[];
}

export type Columns = Readonly<Record<string, unknown>>;

const PUBLIC = "s.status <> 'DRAFT' and s.id = any (?::int[])";
/** The transactions that wrote the rows last: a change that bumped no version is noticed too. */
const revision = (ofTickets: string) => `concat_ws(',', s.xmin, p.xmin, ${ofTickets}) as revision`;
const TICKET_TERMS = [
  'id',
  'show_id',
  'name',
  'price',
  'currency',
  'sales_start_at',
  'sales_end_at',
  'min_per_order',
  'max_per_order',
  'created_at',
];

/** Those of these shows that are public; of producers, what the public may know. */
export function readPublished(orm: Orm, showIds: readonly number[]): Promise<PublishedRow[]> {
  return orm.em.fork().execute<PublishedRow[]>(
    `select s.id, ${revision('t.revision')}, coalesce(t.counters, '[]') as counters, json_build_object(
       'show', s,
       'producer', json_build_object('id', p.id, 'name', p.name, 'can_accept_payments', p.can_accept_payments),
       'tickets', coalesce(t.terms, '[]'))::text as terms
     from show s join producer p on p.id = s.producer_id cross join lateral (
       select string_agg(t.id || ':' || t.xmin, ',') as revision,
         json_agg(json_build_array(t.id, t.quantity, t.held, t.sold, t.version)) as counters,
         json_agg(json_build_object(${TICKET_TERMS.map((name) => `'${name}', t.${name}`).join(', ')})) as terms
       from (select *, xmin from ticket where show_id = s.id order by id) t) t
     where ${PUBLIC}`,
    [`{${showIds.join(',')}}`],
  );
}

/** The revisions of those of these shows that are public. */
export async function readRevisions(
  orm: Orm,
  showIds: readonly number[],
): Promise<ReadonlyMap<number, string>> {
  const rows = await orm.em
    .fork()
    .execute<{ id: number; revision: string }[]>(
      `select s.id, ${revision(
        "(select string_agg(t.id || ':' || t.xmin, ',' order by t.id) from ticket t where t.show_id = s.id)",
      )} from show s join producer p on p.id = s.producer_id where ${PUBLIC}`,
      [`{${showIds.join(',')}}`],
    );
  return new Map(rows.map((row) => [row.id, row.revision]));
}

/** The public show of a ticket. */
export async function readShowOfTicket(orm: Orm, ticketId: number): Promise<number | undefined> {
  const [row] = await orm.em
    .fork()
    .execute<{ id: number }[]>(
      "select s.id from ticket t join show s on s.id = t.show_id where t.id = ? and s.status <> 'DRAFT'",
      [ticketId],
    );
  return row?.id;
}
