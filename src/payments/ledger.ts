import type { EntityManager } from '@mikro-orm/postgresql';

/** Where money is: with whoever bought, on the platform's balance at Stripe, or on the producer's. */
export type LedgerAccount = 'BUYER' | 'PLATFORM' | 'PRODUCER';

/** Between which accounts each kind of movement takes money. */
const WAYS = {
  CHARGE: ['BUYER', 'PLATFORM'],
  TRANSFER: ['PLATFORM', 'PRODUCER'],
  APPLICATION_FEE: ['PRODUCER', 'PLATFORM'],
  REFUND: ['PLATFORM', 'BUYER'],
  REFUND_FAILED: ['BUYER', 'PLATFORM'],
  TRANSFER_REVERSAL: ['PRODUCER', 'PLATFORM'],
  APPLICATION_FEE_REFUND: ['PLATFORM', 'PRODUCER'],
  DISPUTE: ['PLATFORM', 'BUYER'],
  DISPUTE_REVERSAL: ['BUYER', 'PLATFORM'],
} as const satisfies Record<string, readonly [LedgerAccount, LedgerAccount]>;

export type MovementKind = keyof typeof WAYS;

export interface Movement {
  readonly kind: MovementKind;
  /** What Stripe calls the cause: `pi_...`, `re_...` or `dp_...`. With `kind` it names the movement. */
  readonly sourceId: string;
  /** Minor units, above zero. */
  readonly amount: number;
  readonly occurredAt: Date;
}

/** The order that money moved for. */
export interface LedgerOrder {
  readonly id: string;
  readonly showId: number;
  /** ISO 4217, upper case. */
  readonly currency: string;
}

/**
 * The append-only record of every movement of money, double entry: what leaves one account arrives on
 * another, so that all entries of an order sum to zero. PostgreSQL refuses what does not, and every change.
 */
export class Ledger {
  /**
   * Movements that are recorded already are left as they are.
   *
   * @param em inside the transaction that lets the order follow the movement
   * @returns whether any of them is new
   */
  async record(em: EntityManager, order: LedgerOrder, movements: readonly Movement[]): Promise<boolean> {
    const entries = movements.flatMap(({ kind, sourceId, amount, occurredAt }) => {
      const [from, to] = WAYS[kind];
      const movement = { kind, sourceId, occurredAt };
      return [
        { ...movement, account: from, amount: -amount },
        { ...movement, account: to, amount },
      ];
    });
    if (entries.length === 0) return false;
    const added = await em.execute<unknown[]>(
      `insert into ledger_entry (kind, source_id, account, order_id, producer_id, amount, currency, occurred_at)
       select e.kind, e."sourceId", e.account, ?, s.producer_id, e.amount, ?, e."occurredAt"
       from jsonb_to_recordset(?::jsonb)
         as e(kind text, "sourceId" text, account text, amount bigint, "occurredAt" timestamptz), show s
       where s.id = ?
       on conflict (source_id, kind, account) do nothing returning id`,
      [order.id, order.currency, JSON.stringify(entries), order.showId],
    );
    return added.length > 0;
  }
}
