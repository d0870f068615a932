import Fastify from 'fastify';
import { GraphQLScalarType } from 'graphql';
import mercurius from 'mercurius';
import pg from 'pg';

/*
 * The read path as a good engineer would write it without a cache: Mercurius, which compiles documents with graphql-jit,
 * on the product's own tables. SQL by hand, prepared; two statements for a list, however long it is. Nothing is logged,
 * counted, limited or checked beside what the answer needs, and a bearer's token is not looked at: all in its favour.
 */

const SCHEMA = `
  scalar DateTime
  enum ShowStatus { DRAFT PUBLISHED CANCELLED ENDED }
  enum TicketStatus { SCHEDULED ON_SALE SOLD_OUT ENDED }
  type Money { amount: Int! currency: String! }
  type Producer { id: ID! name: String! }
  type Ticket { id: ID! name: String! price: Money! available: Int! status: TicketStatus! }
  type Show {
    id: ID! title: String! venue: String startsAt: DateTime! status: ShowStatus! producer: Producer! tickets: [Ticket!]!
  }
  type PageInfo { hasNextPage: Boolean! endCursor: String }
  type ShowConnection { nodes: [Show!]! pageInfo: PageInfo! }
  type Query { shows(first: Int = 20): ShowConnection! show(id: ID!): Show }
`;

const SHOW = `SELECT show.id, title, venue, starts_at, coalesce(ends_at, starts_at) AS over_at, status,
  producer.id AS producer_id, producer.name AS producer_name
  FROM show JOIN producer ON producer.id = show.producer_id`;
const PAGE = `${SHOW} WHERE status <> 'DRAFT' ORDER BY starts_at, show.id LIMIT $1`;
const ONE = `${SHOW} WHERE show.id = $1 AND status <> 'DRAFT'`;
const TICKETS = `SELECT id, show_id, name, price, currency, quantity - held - sold AS available, sales_start_at,
  sales_end_at FROM ticket WHERE show_id = ANY($1::int[]) ORDER BY id`;

interface ShowRow {
  readonly id: number;
  readonly title: string;
  readonly venue: string | null;
  readonly starts_at: Date;
  readonly over_at: Date;
  readonly status: 'PUBLISHED' | 'CANCELLED';
  readonly producer_id: number;
  readonly producer_name: string;
}

interface TicketRow {
  readonly id: number;
  readonly show_id: number;
  readonly name: string;
  readonly price: number;
  readonly currency: string;
  readonly available: number;
  readonly sales_start_at: Date | null;
  readonly sales_end_at: Date | null;
}

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 20 });

async function select<Row extends object>(name: string, text: string, value: unknown): Promise<Row[]> {
  return (await pool.query<Row>({ name, text, values: [value] })).rows;
}

function showOf(row: ShowRow) {
  const over = row.status === 'PUBLISHED' && Date.now() >= row.over_at.getTime();
  return {
    id: row.id,
    title: row.title,
    venue: row.venue,
    startsAt: row.starts_at,
    overAt: row.over_at,
    stored: row.status,
    status: over ? 'ENDED' : row.status,
    producer: { id: row.producer_id, name: row.producer_name },
  };
}

type Show = ReturnType<typeof showOf>;

function ticketOf(row: TicketRow, show: Show, now: Date) {
  return {
    id: row.id,
    name: row.name,
    price: { amount: row.price, currency: row.currency },
    available: row.available,
    status: statusOf(row, show, now),
  };
}

function statusOf(row: TicketRow, show: Show, now: Date): string {
  if (show.stored === 'CANCELLED' || now >= show.overAt) return 'ENDED';
  if (row.sales_end_at !== null && now >= row.sales_end_at) return 'ENDED';
  if (row.sales_start_at !== null && now < row.sales_start_at) return 'SCHEDULED';
  return row.available > 0 ? 'ON_SALE' : 'SOLD_OUT';
}

function cursorOf({ startsAt, id }: Show): string {
  return Buffer.from(`${startsAt.toISOString()}|${id}`).toString('base64url');
}

async function page(first: number) {
  const found = (await select<ShowRow>('page', PAGE, first + 1)).map(showOf);
  const nodes = found.slice(0, first);
  const last = nodes.at(-1);
  return { nodes, pageInfo: { hasNextPage: found.length > first, endCursor: last ? cursorOf(last) : null } };
}

async function ticketsOf(shows: readonly Show[]) {
  const rows = await select<TicketRow>(
    'tickets',
    TICKETS,
    shows.map(({ id }) => id),
  );
  const byShow = Map.groupBy(rows, (row) => row.show_id);
  const now = new Date();
  return shows.map((show) => (byShow.get(show.id) ?? []).map((row) => ticketOf(row, show, now)));
}

const server = Fastify();
await server.register(mercurius, {
  schema: SCHEMA,
  jit: 1,
  resolvers: {
    DateTime: new GraphQLScalarType({
      name: 'DateTime',
      serialize: (value) => (value as Date).toISOString(),
    }),
    Query: {
      shows: (_root: unknown, { first }: { first: number }) => page(first),
      show: async (_root: unknown, { id }: { id: string }) => {
        const [row] = await select<ShowRow>('one', ONE, Number(id));
        return row ? showOf(row) : null;
      },
    },
  },
  loaders: {
    Show: {
      tickets: {
        loader: (queries: { obj: Show }[]) => ticketsOf(queries.map(({ obj }) => obj)),
        opts: { cache: false },
      },
    },
  },
});
server.get('/health/ready', async () => ({ status: 'ready' }));
await server.listen({ port: Number(process.env.PORT), host: process.env.HOST ?? '127.0.0.1' });
process.once('SIGTERM', () => void server.close().then(() => pool.end()));
