import { Migration } from '@mikro-orm/migrations';

/** The whole life of a payment: the ledger, refunds, disputes, and shows that are called off. */
export class Migration20261122180000_money extends Migration {
  override up(): void {
    this.addSql(LEDGER);
    this.addSql(REFUNDS);
    this.addSql(DISPUTES);
    this.addSql(CANCELLATIONS);
    this.addSql(ORDERS);
    this.addSql(OPERATORS);
  }

  override down(): void {
    this.addSql(`
      alter table app_user drop column is_operator;
      alter table producer drop column platform_fee_percent;
      alter table order_line drop column restocked;
      alter table orders drop column checkout_attempt, drop column reopened_at;
      drop table show_cancellation, dispute, refund_attendee, refund, ledger_entry;
      drop function ledger_is_append_only, ledger_sums_to_zero;
      update attendee set status = 'REVOKED' where status = 'FROZEN';
      alter table attendee drop constraint attendee_status_check;
      alter table attendee add constraint attendee_status_check check (status in ('VALID', 'REVOKED'));
    `);
  }
}

/*
 * Each movement is two entries or more, which sum to zero; its kind and what Stripe calls it make it unique, so that
 * recording it again changes nothing.
 */
const LEDGER = `
  create table ledger_entry (
    id bigint generated always as identity primary key,
    kind text not null check (kind in ('CHARGE', 'TRANSFER', 'APPLICATION_FEE', 'REFUND', 'REFUND_FAILED',
      'TRANSFER_REVERSAL', 'APPLICATION_FEE_REFUND', 'DISPUTE', 'DISPUTE_REVERSAL')),
    source_id text not null,
    account text not null check (account in ('BUYER', 'PLATFORM', 'PRODUCER')),
    order_id uuid not null references orders (id),
    producer_id int not null references producer (id),
    amount bigint not null check (amount <> 0),
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    occurred_at timestamptz(3) not null,
    recorded_at timestamptz(3) not null default now(),
    unique (source_id, kind, account)
  );
  create index ledger_entry_order on ledger_entry (order_id);
  create index ledger_entry_producer on ledger_entry (producer_id, currency);

  create function ledger_sums_to_zero() returns trigger language plpgsql as $$
    begin
      if exists (select from added group by source_id, kind, order_id, currency having sum(amount) <> 0) then
        raise exception 'A movement of the ledger does not sum to zero';
      end if;
      return null;
    end $$;
  create trigger ledger_sums_to_zero after insert on ledger_entry
    referencing new table as added for each statement execute function ledger_sums_to_zero();

  create function ledger_is_append_only() returns trigger language plpgsql as $$
    begin
      raise exception 'The ledger is append-only: record what puts it right instead';
    end $$;
  create trigger ledger_is_append_only before update or delete or truncate on ledger_entry
    for each statement execute function ledger_is_append_only();
`;

/* A refund that failed is tried again as another attempt of the same row. An attendee is refunded once. */
const REFUNDS = `
  create table refund (
    id uuid primary key,
    order_id uuid not null references orders (id),
    amount int not null check (amount > 0),
    currency text not null,
    reason text not null check (reason in
      ('REQUESTED_BY_CUSTOMER', 'DUPLICATE', 'FRAUDULENT', 'SHOW_CANCELLED', 'LATE_PAYMENT', 'AT_STRIPE', 'OTHER')),
    note text,
    restock boolean not null default false,
    status text not null default 'PENDING' check (status in ('PENDING', 'SUCCEEDED', 'FAILED')),
    attempt int not null default 1,
    stripe_refund_id text unique,
    failure_reason text,
    requested_by uuid references app_user (id) on delete set null,
    idempotency_key text,
    input_hash text,
    created_at timestamptz(3) not null default now(),
    settled_at timestamptz(3)
  );
  create index refund_order on refund (order_id, created_at);
  create index refund_pending on refund (created_at) where status = 'PENDING';
  create unique index refund_idempotency on refund (order_id, idempotency_key) where idempotency_key is not null;

  create table refund_attendee (
    attendee_id uuid primary key references attendee (id),
    refund_id uuid not null references refund (id)
  );
  create index refund_attendee_refund on refund_attendee (refund_id);

  alter table order_line add column restocked int not null default 0,
    add constraint order_line_restocked_check check (restocked between 0 and quantity);

  alter table attendee drop constraint attendee_status_check;
  alter table attendee add constraint attendee_status_check check (status in ('VALID', 'FROZEN', 'REVOKED'));
`;

const DISPUTES = `
  create table dispute (
    id text primary key,
    order_id uuid not null references orders (id),
    amount int not null check (amount >= 0),
    currency text not null,
    reason text not null,
    status text not null check (status in ('NEEDS_RESPONSE', 'UNDER_REVIEW', 'WON', 'LOST')),
    evidence_due_by timestamptz(3),
    created_at timestamptz(3) not null,
    closed_at timestamptz(3)
  );
  create index dispute_order on dispute (order_id);
`;

const CANCELLATIONS = `
  create table show_cancellation (
    show_id int primary key references show (id),
    requested_by uuid references app_user (id) on delete set null,
    status text not null default 'RUNNING' check (status in ('RUNNING', 'DONE')),
    orders_total int not null,
    orders_done int not null default 0,
    started_at timestamptz(3) not null default now(),
    finished_at timestamptz(3)
  );
`;

/* reopened_at: when the inventory was last taken again, from which a session of its own attempt counts. */
const ORDERS = `
  alter table orders add column checkout_attempt int not null default 1,
    add column reopened_at timestamptz(3);
`;

const OPERATORS = `
  alter table producer add column platform_fee_percent numeric(7, 4)
    check (platform_fee_percent between 0 and 100);
  alter table app_user add column is_operator boolean not null default false;
`;
