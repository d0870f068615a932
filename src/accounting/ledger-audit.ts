import type { EntityManager } from '@mikro-orm/postgresql';
import { requireOperator, type Viewer } from '../accounts/index.js';
import { notFound } from '../errors.js';
import { amountValue, type Fact, type FactKind, type OrderRecords, UNDER_WAY } from '../payments/index.js';
import { parseOrderId } from '../validation/ids.js';
import { pageSize } from '../validation/paging.js';
import { decodePeriod, type Period } from '../validation/period.js';

/** Which orders to compare. */
export interface AuditRange {
  /** When the orders were made: from this instant on, and before that one. */
  readonly from?: Date | null | undefined;
  readonly to?: Date | null | undefined;
  /** This order alone. */
  readonly orderId?: string | null | undefined;
  /** At most so many orders, 1 to 100; each costs a call to Stripe. */
  readonly first: number;
  /** The `endCursor` of the page before. */
  readonly after?: string | null | undefined;
}

export interface Difference {
  readonly orderId: string;
  readonly what: FactKind;
  /** What Stripe calls it; `total` of what is compared in total. */
  readonly stripeId: string;
  /** Null where one of them knows nothing of it. */
  readonly recorded: string | null;
  readonly atStripe: string | null;
}

export interface AuditPage {
  readonly differences: Difference[];
  /** How many orders were compared. */
  readonly orders: number;
  readonly endCursor: string | null;
  readonly hasNextPage: boolean;
}

/** Compares what is recorded of orders' money with what Stripe says. */
export class LedgerAudit {
  constructor(private readonly records: OrderRecords) {}

  /**
   * Orders one after the other, so that a sale that is on keeps most of Stripe's patience. What is on its way at this
   * instant, such as a webhook, is listed too, and is gone the next time.
   *
   * @throws AppError BAD_USER_INPUT, NOT_FOUND, PAYMENT_PROVIDER_UNAVAILABLE
   */
  async compare(em: EntityManager, asked: AuditRange): Promise<AuditPage> {
    return this.compareRange(em, readRange(asked));
  }

  /** The same, for operators. @throws AppError FORBIDDEN, and as `compare` does */
  async compareFor(em: EntityManager, viewer: Viewer, asked: AuditRange): Promise<AuditPage> {
    const range = readRange(asked);
    await requireOperator(em, viewer);
    return this.compareRange(em, range);
  }

  private async compareRange(em: EntityManager, range: Range): Promise<AuditPage> {
    const found = await findOrders(em, range);
    const orderIds = found.slice(0, range.size);
    const differences: Difference[] = [];
    for (const orderId of orderIds) {
      const atStripe = await this.records.factsOf(orderId);
      differences.push(...differencesOf(orderId, await recordedFacts(em, orderId), atStripe));
    }
    return {
      differences,
      orders: orderIds.length,
      endCursor: orderIds.at(-1) ?? null,
      hasNextPage: found.length > range.size,
    };
  }
}

interface Range extends Period {
  readonly orderId: string | undefined;
  readonly after: string;
  readonly size: number;
}

const BEFORE_ALL = '00000000-0000-0000-0000-000000000000';

/** @throws AppError BAD_USER_INPUT */
function readRange({ from, to, orderId, first, after }: AuditRange): Range {
  return {
    ...decodePeriod({ from, to }),
    orderId: orderId == null ? undefined : parseOrderId(orderId, 'orderId'),
    after: after == null ? BEFORE_ALL : parseOrderId(after, 'after'),
    size: pageSize(first),
  };
}

/** One more than are asked for, where there are. */
async function findOrders(em: EntityManager, range: Range): Promise<string[]> {
  if (range.orderId !== undefined) {
    const rows = await em.execute<{ id: string }[]>('select id from orders where id = ?', [range.orderId]);
    if (rows.length === 0) throw notFound('Order not found');
    return rows.map((row) => row.id);
  }
  const rows = await em.execute<{ id: string }[]>(
    `select id from orders
     where id > ? and total_amount > 0
       and created_at >= coalesce(?::timestamptz, '-infinity') and created_at < coalesce(?::timestamptz, 'infinity')
     order by id limit ?`,
    [range.after, range.from, range.to, range.size + 1],
  );
  return rows.map((row) => row.id);
}

/*
 * What was charged, transferred and taken as a fee is named by the payment; reversals and fees given back come in
 * total, since Stripe does not say which refund they belong to; a failed refund has moved nothing in the end.
 */
const RECORDED = `
  select case kind when 'REFUND_FAILED' then 'REFUND' else kind end as what,
    case when kind in ('TRANSFER_REVERSAL', 'APPLICATION_FEE_REFUND') then 'total' else source_id end as "stripeId",
    sum(case kind when 'REFUND_FAILED' then -amount else amount end) as amount, currency, null as status
  from ledger_entry where order_id = ? and amount > 0
  group by 1, 2, currency
  union all
  select 'REFUND_STATUS', stripe_refund_id, null, null, status from refund
  where order_id = ? and stripe_refund_id is not null
  union all
  select 'DISPUTE_STATUS', id, null, null, status from dispute where order_id = ?
`;

interface RecordedRow {
  readonly what: FactKind;
  readonly stripeId: string;
  readonly amount: string | null;
  readonly currency: string | null;
  readonly status: string | null;
}

async function recordedFacts(em: EntityManager, orderId: string): Promise<Fact[]> {
  const rows = await em.execute<RecordedRow[]>(RECORDED, [orderId, orderId, orderId]);
  return rows
    .filter(({ amount }) => amount !== '0')
    .map(({ what, stripeId, amount, currency, status }) => ({
      what,
      stripeId,
      value: status ?? amountValue(BigInt(amount ?? 0), currency ?? ''),
    }));
}

function differencesOf(orderId: string, recorded: readonly Fact[], atStripe: readonly Fact[]): Difference[] {
  const here = byName(recorded);
  const there = byName(atStripe);
  return [...new Set([...here.keys(), ...there.keys()])].flatMap((name) => {
    const [ours, theirs] = [here.get(name), there.get(name)];
    const { what, stripeId } = (ours ?? theirs) as Fact;
    if (ours?.value === theirs?.value || isUnderWay(ours, theirs) || isEarlierAttempt(what, ours, theirs))
      return [];
    return [{ orderId, what, stripeId, recorded: ours?.value ?? null, atStripe: theirs?.value ?? null }];
  });
}

function isUnderWay(ours: Fact | undefined, theirs: Fact | undefined): boolean {
  return ours !== undefined && theirs?.value === UNDER_WAY;
}

/** A refund that failed and was tried again is one row here, which names the newest attempt alone. */
function isEarlierAttempt(what: FactKind, ours: Fact | undefined, theirs: Fact | undefined): boolean {
  return what === 'REFUND_STATUS' && ours === undefined && theirs?.value === 'FAILED';
}

function byName(facts: readonly Fact[]): Map<string, Fact> {
  return new Map(facts.map((fact) => [`${fact.what} ${fact.stripeId}`, fact]));
}
