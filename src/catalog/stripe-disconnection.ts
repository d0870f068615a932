import { randomUUID } from 'node:crypto';
import type { EntityManager } from '@mikro-orm/postgresql';
import { AuditLogAction, recordChange } from '../accounts/index.js';

/**
 * Lets go of an account that its owner has taken away from the platform; the producer may connect another one.
 *
 * @param em inside a transaction
 * @returns whether it was a producer's until now
 */
export async function disconnectAccount(em: EntityManager, accountId: string): Promise<boolean> {
  const [producer] = await em.execute<{ id: number }[]>(
    // Under the old key Stripe would answer with the account that is gone.
    `update producer set stripe_account_id = null, can_accept_payments = false, stripe_account_key = ?
     where stripe_account_id = ? returning id`,
    [randomUUID(), accountId],
  );
  if (producer === undefined) return false;
  await recordChange(em, {
    action: AuditLogAction.STRIPE_ACCOUNT_DISCONNECTED,
    actorId: null,
    of: { producerId: producer.id },
    subject: ['Producer', producer.id],
    details: { stripeAccountId: accountId },
  });
  return true;
}
