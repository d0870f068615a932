import type { EntityManager } from '@mikro-orm/postgresql';
import type { PurchaseRequest } from './purchase-request.js';

/** The scope of an idempotency key: the show and the e-mail address in lower case. */
export function keyOf(request: PurchaseRequest): string {
  return JSON.stringify([request.showId, request.email.toLowerCase(), request.idempotencyKey]);
}

export interface KnownOrder {
  readonly id: string;
  readonly inputHash: string;
}

/** The orders that these purchases' idempotency keys have made before, by `keyOf`; one statement for all. */
export async function findKnownOrders(
  em: EntityManager,
  requests: readonly PurchaseRequest[],
): Promise<Map<string, KnownOrder>> {
  const keys = requests
    .filter((request) => request.idempotencyKey !== null)
    .map((request) => ({
      show: request.showId,
      email: request.email.toLowerCase(),
      key: request.idempotencyKey,
    }));
  if (keys.length === 0) return new Map();
  const rows = await em.execute<
    { show_id: number; email: string; idempotency_key: string; id: string; input_hash: string }[]
  >(
    `select o.show_id, lower(o.email) as email, o.idempotency_key, o.id, o.input_hash
     from jsonb_to_recordset(?::jsonb) as k(show int, email text, key text)
     join orders o on o.show_id = k.show and lower(o.email) = k.email and o.idempotency_key = k.key`,
    [JSON.stringify(keys)],
  );
  return new Map(
    rows.map((row) => [
      JSON.stringify([row.show_id, row.email, row.idempotency_key]),
      { id: row.id, inputHash: row.input_hash },
    ]),
  );
}
