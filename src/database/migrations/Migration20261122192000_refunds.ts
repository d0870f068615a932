import { Migration } from '@mikro-orm/migrations';

/** What it takes to carry refunds out, and to call a show off, whatever dies meanwhile. */
export class Migration20261122192000_refunds extends Migration {
  override up(): void {
    this.addSql(REFUNDS);
    this.addSql(CANCELLATIONS);
    this.addSql(
      'create index orders_payment_intent on orders (payment_intent_id) where payment_intent_id is not null;',
    );
  }

  override down(): void {
    this.addSql(`
      drop index orders_payment_intent;
      alter table show_cancellation drop column reason, drop column check_at;
      drop index refund_due;
      create index refund_pending on refund (created_at) where status = 'PENDING';
      alter table refund drop column asked_at, drop column check_at;
      delete from refund_attendee where refund_id in (select id from refund where amount = 0);
      delete from refund where amount = 0;
      alter table refund drop constraint refund_amount_check, add constraint refund_amount_check check (amount > 0);
    `);
  }
}

/*
 * Tickets that were free are taken back by a refund of nothing. asked_at: since when this attempt may be known at
 * Stripe; check_at: when to look after it next, null once it has settled.
 */
const REFUNDS = `
  alter table refund drop constraint refund_amount_check, add constraint refund_amount_check check (amount >= 0),
    add column asked_at timestamptz(3), add column check_at timestamptz(3);
  drop index refund_pending;
  create index refund_due on refund (check_at) where check_at is not null;
`;

/* check_at: when a worker may take it up, or go on where another one died; null once nothing can be left. */
const CANCELLATIONS = `
  alter table show_cancellation add column reason text, add column check_at timestamptz(3);
  create index show_cancellation_due on show_cancellation (check_at) where check_at is not null;
`;
