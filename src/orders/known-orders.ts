import type { EntityManager } from '@mikro-orm/postgresql';
import { type Orm, oneAtATime, Statement } from '../database/index.js';
import type { PurchaseRequest } from './purchase-request.js';

/** A purchase as far as its idempotency key goes. */
export type KeyScope = Pick<PurchaseRequest, 'showId' | 'email' | 'idempotencyKey'>;

/** The scope of an idempotency key: the show and the e-mail address in lower case. */
export function keyOf(request: KeyScope): string {
  return JSON.stringify([request.showId, request.email.toLowerCase(), request.idempotencyKey]);
}

export interface KnownOrder {
  readonly id: string;
  readonly inputHash: string;
}

// With its own limit each key is looked up in an index, whatever the planner thinks of a table that grows. While there
// are few orders, that of all orders of the show seems as good to it as that of the keys.
const FIND = new Statement<{
  show_id: number;
  email: string;
  idempotency_key: string;
  id: string;
  input_hash: string;
}>(
  `select k.show as show_id, k.email, k.key as idempotency_key, o.id, o.input_hash
   from jsonb_to_recordset(?::jsonb) as k(show int, email text, key text)
   cross join lateral (
     select id, input_hash from orders
     where show_id = k.show and lower(email) = k.email and idempotency_key = k.key limit 1) as o`,
  'anew',
);

/** The orders that these purchases' idempotency keys have made before, by `keyOf`; one statement for all. */
export async function findKnownOrders(
  em: EntityManager,
  requests: readonly KeyScope[],
): Promise<Map<string, KnownOrder>> {
  const keys = requests
    .filter((request) => request.idempotencyKey !== null)
    .map((request) => ({
      show: request.showId,
      email: request.email.toLowerCase(),
      key: request.idempotencyKey,
    }));
  if (keys.length === 0) return new Map();
  const rows = await FIND.run(em, [JSON.stringify(keys)]);
  return new Map(
    rows.map((row) => [
      JSON.stringify([row.show_id, row.email, row.idempotency_key]),
      { id: row.id, inputHash: row.input_hash },
    ]),
  );
}

/**
 * What a purchase made before, for those that were refused: most of them once a show has sold out, so all who
 * ask while a statement is under way share the next one.
 */
export class KnownOrders {
  private readonly loader = oneAtATime((requests: readonly PurchaseRequest[]) => this.read(requests));

  constructor(private readonly orm: Orm) {}

  /** Null where there is no key, or where it has made nothing. */
  async find(request: PurchaseRequest): Promise<KnownOrder | null> {
    return request.idempotencyKey === null ? null : this.loader.load(request);
  }

  private async read(requests: readonly PurchaseRequest[]): Promise<(KnownOrder | null)[]> {
    const known = await findKnownOrders(this.orm.em.fork(), requests);
    return requests.map((request) => known.get(keyOf(request)) ?? null);
  }
}
