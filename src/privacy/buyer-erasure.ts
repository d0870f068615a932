import type { EntityManager } from '@mikro-orm/postgresql';
import { unusableHash } from '../accounts/index.js';
import { conflict } from '../errors.js';
import { type Buyer, OWN_ORDERS, valuesOf } from './buyer.js';
import { ERASED_EMAIL } from './erased.js';

export interface ErasedOrders {
  readonly ids: readonly string[];
  readonly attendees: number;
  /** How many of each producer's. */
  readonly perProducer: ReadonlyMap<number, number>;
}

interface OrderRow {
  readonly id: string;
  readonly producer_id: number;
  readonly is_open: boolean;
}

/**
 * Takes out of orders and attendees who they were for, for good. What they cost, what became of them and the codes of
 * their tickets stay: the ledger, the inventory and the door need those, and they say nothing of anybody any more.
 *
 * @param em inside a transaction
 * @throws AppError CONFLICT with `orderIds` where somebody may still have to pay, or to be paid back
 */
export async function eraseOrders(em: EntityManager, buyer: Buyer): Promise<ErasedOrders> {
  const locked = await em.execute<{ id: string }[]>(LOCK_ORDERS, valuesOf(buyer));
  const ids = locked.map(({ id }) => id);
  const list = `{${ids.join(',')}}`;
  const orders = await em.execute<OrderRow[]>(ORDERS, [list]);
  const open = orders.filter((order) => order.is_open).map(({ id }) => id);
  if (open.length > 0) {
    throw conflict('Some orders are still open; cancel them, or wait until their payment is decided', {
      orderIds: open.slice(0, 100),
    });
  }
  await em.execute(
    `update orders set email = ?, name = null, success_url = null, cancel_url = null, idempotency_key = null,
       released_idempotency_key = null, input_hash = null, erased_at = now(),
       cancel_requested_at = case when status = 'CANCELLED' then coalesce(cancel_requested_at, now())
         else cancel_requested_at end
     where id = any (?::uuid[])`,
    [ERASED_EMAIL, list],
  );
  const attendees = await em.execute<unknown[]>(
    'update attendee set name = null, email = null where order_id = any (?::uuid[]) returning 1',
    [list],
  );
  await em.execute('update refund set note = null where order_id = any (?::uuid[])', [list]);
  const byProducer = Map.groupBy(orders, (order) => order.producer_id);
  return {
    ids,
    attendees: attendees.length,
    perProducer: new Map([...byProducer].map(([producerId, own]) => [producerId, own.length])),
  };
}

// In the order of their ids: two who erase at once do not wait for each other.
const LOCK_ORDERS = `
  select o.id from orders o where ${OWN_ORDERS} and o.erased_at is null order by o.id for update`;

/**
 * Open: money is under way, or may still come or go. A refund that failed stays as it is, and can be tried again. Asked
 * once all are locked: a statement that has waited for a lock sees refunds and disputes as they were when it began.
 */
const ORDERS = `
  select o.id, s.producer_id, (
    o.status = 'PENDING' or o.check_at is not null or o.payment_status in ('PROCESSING', 'DISPUTED')
    or (o.status in ('EXPIRED', 'CANCELLED') and o.payment_status = 'PAID')
    or exists (select from refund r where r.order_id = o.id and r.status = 'PENDING')
    or exists (select from dispute d where d.order_id = o.id and d.status in
      ('INQUIRY_NEEDS_RESPONSE', 'INQUIRY_UNDER_REVIEW', 'NEEDS_RESPONSE', 'UNDER_REVIEW'))
  ) as is_open
  from orders o join show s on s.id = o.show_id
  where o.id = any (?::uuid[])
  order by o.id`;

export interface ErasedAccount {
  readonly wasOperator: boolean;
}

/**
 * Ends the account and all its sessions. Its id stays, since orders, refunds and the audit log name it. The account of
 * a producer's team is kept: the producer would be nobody's.
 *
 * @param em inside a transaction that has erased the orders
 * @returns undefined where it was erased before, or is kept
 * @throws AppError CONFLICT with `orderIds` where it has bought something meanwhile
 */
export async function eraseAccount(em: EntityManager, userId: string): Promise<ErasedAccount | undefined> {
  const erased = `erased-${userId}@erased.invalid`;
  const [row] = await em.execute<{ was_operator: boolean }[]>(
    `update app_user set email = ?, email_normalized = ?, name = null, password_hash = ?, is_operator = false,
       erased_at = now()
     from (select id, is_operator from app_user where id = ? for update) as before
     where app_user.id = before.id and app_user.erased_at is null
       and not exists (select from producer_member where user_id = app_user.id)
     returning before.is_operator as was_operator`,
    [erased, erased, unusableHash(), userId],
  );
  if (row === undefined) return undefined;
  await em.execute('delete from refresh_token where user_id = ?', [userId]);
  // Purchases that were under way were waited for, and those that come now find no account.
  const bought = await em.execute<{ id: string }[]>(
    'select id from orders where buyer_id = ? and erased_at is null order by id limit 100',
    [userId],
  );
  if (bought.length > 0) {
    throw conflict('Something was bought meanwhile; try again', { orderIds: bought.map(({ id }) => id) });
  }
  return { wasOperator: row.was_operator };
}
