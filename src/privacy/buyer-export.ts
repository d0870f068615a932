import type { EntityManager } from '@mikro-orm/postgresql';
import { type Buyer, OWN_ORDERS, valuesOf } from './buyer.js';

/** More than this is not made in one piece; in orders. */
export const MOST_ORDERS = 10_000;

/** Everything that is stored about a buyer, as JSON; amounts in minor units, instants in ISO 8601. */
export interface BuyerExport {
  readonly account: Record<string, unknown> | null;
  readonly orders: readonly Record<string, unknown>[];
}

/** Secrets are nobody's to take along: neither hashes of passwords nor what lets somebody in as the buyer. */
export async function exportOf(em: EntityManager, buyer: Buyer): Promise<BuyerExport> {
  const [account] = await em.execute<{ account: Record<string, unknown> }[]>(ACCOUNT, [buyer.userId]);
  const orders = await em.execute<{ order: Record<string, unknown> }[]>(ORDERS, [
    ...valuesOf(buyer),
    MOST_ORDERS + 1,
  ]);
  return { account: account?.account ?? null, orders: orders.map((row) => row.order) };
}

const ACCOUNT = `
  select json_build_object(
    'id', u.id, 'email', u.email, 'name', u.name, 'createdAt', u.created_at, 'isOperator', u.is_operator,
    'producers', (select coalesce(json_agg(json_build_object('id', p.id, 'name', p.name, 'role', m.role,
        'since', m.created_at) order by p.id), '[]')
      from producer_member m join producer p on p.id = m.producer_id where m.user_id = u.id),
    'sessions', (select coalesce(json_agg(json_build_object('startedAt', t.created_at, 'expiresAt', t.expires_at,
        'usedAt', t.used_at, 'endedAt', t.revoked_at) order by t.created_at), '[]')
      from refresh_token t where t.user_id = u.id)
  ) as account
  from app_user u where u.id = ?::uuid and u.erased_at is null`;

const ORDERS = `
  select json_build_object(
    'id', o.id, 'reference', o.reference, 'show', json_build_object('id', s.id, 'title', s.title),
    'status', o.status, 'paymentStatus', o.payment_status, 'email', o.email, 'name', o.name,
    'total', o.total_amount, 'currency', o.currency, 'createdAt', o.created_at, 'expiresAt', o.expires_at,
    'confirmedAt', o.confirmed_at, 'endedAt', o.ended_at, 'successUrl', o.success_url, 'cancelUrl', o.cancel_url,
    'checkoutSession', o.checkout_session_id, 'payment', o.payment_intent_id,
    'lines', (select coalesce(json_agg(json_build_object('ticket', t.name, 'quantity', l.quantity,
        'unitPrice', l.unit_price) order by l.position), '[]')
      from order_line l join ticket t on t.id = l.ticket_id where l.order_id = o.id),
    'attendees', (select coalesce(json_agg(json_build_object('id', a.id, 'name', a.name, 'email', a.email,
        'status', a.status, 'code', a.code, 'checkedInAt', a.checked_in_at) order by a.order_line_id, a.position), '[]')
      from attendee a where a.order_id = o.id),
    'refunds', (select coalesce(json_agg(json_build_object('id', r.id, 'amount', r.amount, 'reason', r.reason,
        'note', r.note, 'status', r.status, 'createdAt', r.created_at, 'settledAt', r.settled_at) order by r.created_at),
        '[]')
      from refund r where r.order_id = o.id),
    'disputes', (select coalesce(json_agg(json_build_object('id', d.id, 'amount', d.amount, 'reason', d.reason,
        'status', d.status, 'createdAt', d.created_at, 'closedAt', d.closed_at) order by d.created_at), '[]')
      from dispute d where d.order_id = o.id)
  ) as "order"
  from orders o join show s on s.id = o.show_id
  where ${OWN_ORDERS} and o.erased_at is null
  order by o.created_at desc, o.id desc limit ?`;
