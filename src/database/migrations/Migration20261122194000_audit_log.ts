import { Migration } from '@mikro-orm/migrations';

/** Who changed what, for good; and when what orders and accounts say of a person was erased. */
export class Migration20261122194000_audit_log extends Migration {
  override up(): void {
    this.addSql(AUDIT_LOG);
    this.addSql(ERASURE);
  }

  override down(): void {
    this.addSql(`
      drop index orders_email;
      alter table orders drop column erased_at;
      alter table app_user drop column erased_at;
      drop table audit_log_entry;
      drop function audit_log_is_append_only;
    `);
  }
}

/*
 * actor_id is no foreign key: what an account has done stays in the log when the account is gone. Nothing here says
 * more of a person than this id, so that nothing here has to be erased.
 */
const AUDIT_LOG = `
  create table audit_log_entry (
    id bigint generated always as identity primary key,
    action text not null,
    actor_id uuid,
    producer_id int references producer (id),
    subject_type text not null,
    subject_id text not null,
    details jsonb not null default '{}',
    occurred_at timestamptz(3) not null default now()
  );
  create index audit_log_entry_producer on audit_log_entry (producer_id, occurred_at desc, id desc);
  create index audit_log_entry_time on audit_log_entry (occurred_at desc, id desc);

  create function audit_log_is_append_only() returns trigger language plpgsql as $$
    begin
      raise exception 'The audit log is append-only';
    end $$;
  create trigger audit_log_is_append_only before update or delete or truncate on audit_log_entry
    for each statement execute function audit_log_is_append_only();
`;

/* Orders are looked for by e-mail address only to export and erase what is known of a buyer. */
const ERASURE = `
  alter table orders add column erased_at timestamptz(3);
  alter table app_user add column erased_at timestamptz(3);
  create index orders_email on orders (lower(email));
`;
