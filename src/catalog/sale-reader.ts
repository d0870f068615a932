import { type Orm, oneAtATime, Statement } from '../database/index.js';
import { type RawTicketRow, TICKET_COLUMNS, type TicketRow, ticketRow } from '../inventory/index.js';

/** What a purchase has to know of a show before it takes a place in the queue. */
export interface ShowSale {
  readonly producerId: number;
  readonly status: 'DRAFT' | 'PUBLISHED' | 'CANCELLED';
  readonly canAcceptPayments: boolean;
  readonly stripeAccountId: string | null;
  /** Of each order's total, in percent; null where the platform's own holds. */
  readonly platformFeePercent: number | null;
  readonly title: string;
  readonly tickets: readonly TicketRow[];
}

type RawSaleRow = { [Column in keyof RawTicketRow]: RawTicketRow[Column] | null } & {
  sale_show_id: number;
  producer_id: number;
  can_accept_payments: boolean;
  stripe_account_id: string | null;
  platform_fee_percent: string | null;
  title: string;
  show_status: ShowSale['status'];
};

const READ = new Statement<RawSaleRow>(
  `select s.id as sale_show_id, s.title, s.producer_id, p.can_accept_payments, p.stripe_account_id,
     p.platform_fee_percent, ${TICKET_COLUMNS}
   from show s join producer p on p.id = s.producer_id left join ticket t on t.show_id = s.id
   where s.id = any (?::int[])`,
);

/** Reads shows as they are sold: never from memory, but for all who ask at once with one statement. */
export class SaleReader {
  private readonly loader = oneAtATime((showIds: readonly number[]) => this.read(showIds));

  constructor(private readonly orm: Orm) {}

  /** Null where there is no such show. */
  find(showId: number): Promise<ShowSale | null> {
    return this.loader.load(showId);
  }

  private async read(showIds: readonly number[]): Promise<(ShowSale | null)[]> {
    const rows = await READ.run(this.orm.em.fork(), [`{${[...new Set(showIds)].join(',')}}`]);
    const sales = new Map(
      [...Map.groupBy(rows, (row) => row.sale_show_id)].map(([id, of]) => [id, saleOf(of)]),
    );
    return showIds.map((showId) => sales.get(showId) ?? null);
  }
}

function saleOf(rows: readonly RawSaleRow[]): ShowSale {
  const first = rows[0] as RawSaleRow;
  return {
    producerId: first.producer_id,
    status: first.show_status,
    canAcceptPayments: first.can_accept_payments,
    stripeAccountId: first.stripe_account_id,
    platformFeePercent: first.platform_fee_percent === null ? null : Number(first.platform_fee_percent),
    title: first.title,
    tickets: rows.filter((row) => row.id !== null).map((row) => ticketRow(row as RawTicketRow)),
  };
}
