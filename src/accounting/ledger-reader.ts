import type { EntityManager } from '@mikro-orm/postgresql';

/** Amounts of one currency in minor units; PostgreSQL gives sums as text. */
interface PaymentRow {
  readonly order_id: string;
  readonly id: string;
  readonly producer_id: number;
  readonly currency: string;
  readonly amount: string;
  readonly fee: string;
  readonly created_at: Date;
}

export interface RecordedPayment {
  readonly orderId: string;
  readonly id: string;
  readonly producerId: number;
  readonly currency: string;
  readonly amount: number;
  readonly fee: number;
  readonly createdAt: Date;
}

/** What was paid for these orders, by when. */
export async function readPayments(
  em: EntityManager,
  orderIds: readonly string[],
): Promise<RecordedPayment[]> {
  const rows = await em.execute<PaymentRow[]>(
    `select order_id, source_id as id, producer_id, currency, min(occurred_at) as created_at,
       sum(amount) filter (where kind = 'CHARGE') as amount,
       coalesce(sum(amount) filter (where kind = 'APPLICATION_FEE'), 0) as fee
     from ledger_entry
     where order_id = any (?::uuid[]) and account = 'PLATFORM' and kind in ('CHARGE', 'APPLICATION_FEE')
     group by order_id, source_id, producer_id, currency
     order by min(id)`,
    [`{${orderIds.join(',')}}`],
  );
  return rows.map((row) => ({
    orderId: row.order_id,
    id: row.id,
    producerId: row.producer_id,
    currency: row.currency,
    amount: Number(row.amount),
    fee: Number(row.fee),
    createdAt: new Date(row.created_at),
  }));
}

export interface RecordedBalance {
  readonly producerId: number;
  readonly currency: string;
  readonly amount: number;
}

/** What is left with these producers of all that was transferred to them. */
export async function readBalances(
  em: EntityManager,
  producerIds: readonly number[],
): Promise<RecordedBalance[]> {
  const rows = await em.execute<{ producer_id: number; currency: string; amount: string }[]>(
    `select producer_id, currency, sum(amount) as amount from ledger_entry
     where producer_id = any (?::int[]) and account = 'PRODUCER'
     group by producer_id, currency order by currency`,
    [`{${producerIds.join(',')}}`],
  );
  return rows.map((row) => ({
    producerId: row.producer_id,
    currency: row.currency,
    amount: Number(row.amount),
  }));
}

/** A producer's movements from one instant until before another; null is without end. */
export interface SalesWindow {
  readonly producerId: number;
  readonly from: Date | null;
  readonly to: Date | null;
}

const FIGURES = ['gross', 'refunded', 'fees', 'disputed', 'net', 'orders', 'tickets'] as const;
export type RecordedSales = Readonly<Record<(typeof FIGURES)[number], number>> & {
  readonly currency: string;
};

/** @returns for each window the figures of each currency, in the currencies' order */
export async function readSales(
  em: EntityManager,
  windows: readonly SalesWindow[],
): Promise<RecordedSales[][]> {
  const asked = windows.map((window, number) => ({ ...window, number }));
  const rows = await em.execute<({ number: number; currency: string } & Record<string, string | number>)[]>(
    SALES,
    [JSON.stringify(asked)],
  );
  const byWindow = Map.groupBy(rows, (row) => row.number);
  return windows.map((_window, number) =>
    (byWindow.get(number) ?? []).map((row) => ({
      currency: row.currency,
      ...(Object.fromEntries(FIGURES.map((name) => [name, Number(row[name])])) as Record<
        (typeof FIGURES)[number],
        number
      >),
    })),
  );
}

/* Each kind is summed on the account where it is above zero when it is what its figure is named after. */
const SALES = `
  select asked.number, figures.*
  from jsonb_to_recordset(?::jsonb)
    as asked (number int, "producerId" int, "from" timestamptz, "to" timestamptz)
  cross join lateral (
    select entry.currency,
      coalesce(sum(amount) filter (where account = 'PLATFORM' and kind = 'CHARGE'), 0) as gross,
      coalesce(sum(amount) filter (where account = 'BUYER' and kind in ('REFUND', 'REFUND_FAILED')), 0) as refunded,
      coalesce(sum(amount) filter (
        where account = 'PLATFORM' and kind in ('APPLICATION_FEE', 'APPLICATION_FEE_REFUND')), 0) as fees,
      coalesce(sum(amount) filter (where account = 'BUYER' and kind in ('DISPUTE', 'DISPUTE_REVERSAL')), 0) as disputed,
      coalesce(sum(amount) filter (where account = 'PRODUCER'), 0) as net,
      count(sold.tickets) as orders,
      coalesce(sum(sold.tickets), 0) as tickets
    from ledger_entry as entry
    left join lateral (
      select sum(order_line.quantity) as tickets
      from orders join order_line on order_line.order_id = orders.id
      where entry.kind = 'CHARGE' and entry.account = 'PLATFORM'
        and orders.id = entry.order_id and orders.status = 'CONFIRMED'
    ) as sold on true
    where entry.producer_id = asked."producerId"
      and entry.occurred_at >= coalesce(asked."from", '-infinity')
      and entry.occurred_at < coalesce(asked."to", 'infinity')
    group by entry.currency
  ) as figures
  order by asked.number, figures.currency
`;
