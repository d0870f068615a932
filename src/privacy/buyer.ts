import type { EntityManager } from '@mikro-orm/postgresql';
import { z } from 'zod';
import { requireOperator, User, type Viewer } from '../accounts/index.js';
import { decode } from '../validation/decode.js';
import { email as emailRule } from '../validation/rules.js';

const rules = z.object({ email: emailRule });

/** Whose data it is about: an account, or an e-mail address, or both. */
export interface Buyer {
  readonly userId: string | null;
  /** Lower case; null where only what the account itself did counts. */
  readonly email: string | null;
}

/** Of `orders o`: what the buyer has bought. Its values are `valuesOf`. */
export const OWN_ORDERS = '(o.buyer_id = ?::uuid or lower(o.email) = ?)';

export function valuesOf({ userId, email }: Buyer): [string | null, string | null] {
  return [userId, email];
}

/**
 * Nobody has shown that the address of their account is theirs, so for themselves people get what their account has
 * bought. What anybody has bought with an e-mail address is for operators, who have to make sure of who asks.
 *
 * @throws AppError BAD_USER_INPUT; FORBIDDEN for an e-mail address, unless the viewer is an operator
 */
export async function buyerOf(
  em: EntityManager,
  viewer: Viewer,
  given: string | null | undefined,
): Promise<Buyer> {
  if (given == null) return { userId: viewer.userId, email: null };
  const email = decode(rules, { email: given }).email.toLowerCase();
  await requireOperator(em, viewer);
  const user = await em.findOne(User, { emailNormalized: email });
  return { userId: user?.id ?? null, email };
}
