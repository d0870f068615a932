import { Migration } from '@mikro-orm/migrations';

/** What operators want to know of Stripe's events, and where asking for those that never arrived goes on. */
export class Migration20261122190000_events extends Migration {
  override up(): void {
    this.addSql(EVENTS);
    this.addSql(CURSOR);
    this.addSql(ACCOUNTS);
  }

  override down(): void {
    this.addSql(`
      alter table producer drop column stripe_checked_at;
      drop table stripe_event_cursor;
      delete from webhook_event where outcome = 'failed';
      drop index webhook_event_received, webhook_event_order, webhook_event_failed;
      alter table webhook_event drop constraint webhook_event_outcome_check,
        drop column object_id, drop column payment_intent_id, drop column order_id, drop column endpoint,
        drop column deliveries, drop column attempts, drop column last_error, drop column processed_at;
    `);
  }
}

/*
 * order_id is no foreign key: checking one locks the order's row, which the effect then locks for itself, and two
 * events of one order would wait for each other.
 */
const EVENTS = `
  alter table webhook_event
    add column object_id text,
    add column payment_intent_id text,
    add column order_id uuid,
    add column endpoint text check (endpoint in ('platform', 'connect')),
    add column deliveries int not null default 1,
    add column attempts int not null default 1,
    add column last_error text,
    add column processed_at timestamptz(3) not null default now(),
    add constraint webhook_event_outcome_check
      check (outcome in ('received', 'applied', 'ignored', 'refused', 'failed'));
  update webhook_event set processed_at = received_at;
  create index webhook_event_received on webhook_event (received_at, event_id);
  create index webhook_event_order on webhook_event (order_id, received_at) where order_id is not null;
  create index webhook_event_failed on webhook_event (received_at) where outcome = 'failed';
`;

/* One row per list that is read; whoever moves due_at into the future reads it. */
const CURSOR = `
  create table stripe_event_cursor (
    name text primary key,
    reached timestamptz(3),
    due_at timestamptz(3) not null default now()
  );
  insert into stripe_event_cursor (name) values ('platform');
`;

const ACCOUNTS = `
  alter table producer add column stripe_checked_at timestamptz(3) not null default now();
  create index producer_to_check on producer (stripe_checked_at) where stripe_account_id is not null;
`;
