import { Migration } from '@mikro-orm/migrations';

/** Disputes with their inquiries, looked after like orders are; and the ledger read by producer. */
export class Migration20261122193000_disputes extends Migration {
  override up(): void {
    this.addSql(DISPUTES);
    this.addSql(LEDGER);
  }

  override down(): void {
    this.addSql(`
      drop index ledger_entry_balance, ledger_entry_sales;
      create index ledger_entry_producer on ledger_entry (producer_id, currency);
      drop index dispute_due;
      delete from dispute where status not in ('NEEDS_RESPONSE', 'UNDER_REVIEW', 'WON', 'LOST');
      alter table dispute drop column check_at, drop constraint dispute_status_check;
      alter table dispute add constraint dispute_status_check
        check (status in ('NEEDS_RESPONSE', 'UNDER_REVIEW', 'WON', 'LOST'));
    `);
  }
}

/* check_at: when to ask Stripe about it next, since webhooks may never come; null once it is decided. */
const DISPUTES = `
  alter table dispute add column check_at timestamptz(3), drop constraint dispute_status_check;
  alter table dispute add constraint dispute_status_check check (status in ('INQUIRY_NEEDS_RESPONSE',
    'INQUIRY_UNDER_REVIEW', 'INQUIRY_CLOSED', 'NEEDS_RESPONSE', 'UNDER_REVIEW', 'PREVENTED', 'WON', 'LOST'));
  create index dispute_due on dispute (check_at) where check_at is not null;
`;

/* What a producer has is read from the index alone, however much was sold. */
const LEDGER = `
  drop index ledger_entry_producer;
  create index ledger_entry_balance on ledger_entry (producer_id, currency) include (amount)
    where account = 'PRODUCER';
  create index ledger_entry_sales on ledger_entry (producer_id, occurred_at);
`;
