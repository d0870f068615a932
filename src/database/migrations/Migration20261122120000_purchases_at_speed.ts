import { Migration } from '@mikro-orm/migrations';

/** What a purchase in a rush need not pay for: a job of its own, and an index entry that says nothing. */
export class Migration20261122120000_purchases_at_speed extends Migration {
  override up(): void {
    this.addSql(`
      create table confirmation_batch (
        id bigint generated always as identity primary key,
        order_ids uuid[] not null
      );

      alter table orders drop constraint orders_checkout_session_id_key;
      create unique index orders_checkout_session on orders (checkout_session_id)
        where checkout_session_id is not null;
    `);
  }

  override down(): void {
    this.addSql(`
      drop index orders_checkout_session;
      alter table orders add constraint orders_checkout_session_id_key unique (checkout_session_id);
      drop table confirmation_batch;
    `);
  }
}
