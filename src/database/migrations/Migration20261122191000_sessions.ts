import { Migration } from '@mikro-orm/migrations';

/**
 * Orders keep all that their Checkout Session is made of, so that asking for it again asks for the same; and the
 * idempotency key that an order let go of when it was given up.
 */
export class Migration20261122191000_sessions extends Migration {
  override up(): void {
    this.addSql(`
      alter table orders add column show_title text, add column released_idempotency_key text;
      alter table order_line add column ticket_name text;
    `);
    this.addSql(`
      update orders o set show_title = s.title from show s where s.id = o.show_id and o.payment_status = 'UNPAID';
      update order_line l set ticket_name = t.name from ticket t, orders o
        where t.id = l.ticket_id and o.id = l.order_id and o.payment_status = 'UNPAID';
    `);
  }

  override down(): void {
    this.addSql(`
      alter table order_line drop column ticket_name;
      alter table orders drop column show_title, drop column released_idempotency_key;
    `);
  }
}
