import { randomUUID } from 'node:crypto';
import type { EntityManager } from '@mikro-orm/postgresql';
import { Producer } from './producer.entity.js';

/**
 * Lets go of an account that its owner has taken away from the platform; the producer may connect another one.
 *
 * @returns whether it was a producer's until now
 */
export async function disconnectAccount(em: EntityManager, accountId: string): Promise<boolean> {
  const changed = await em.nativeUpdate(
    Producer,
    { stripeAccountId: accountId },
    // Under the old key Stripe would answer with the account that is gone.
    { stripeAccountId: null, canAcceptPayments: false, stripeAccountKey: randomUUID() },
  );
  return changed === 1;
}
