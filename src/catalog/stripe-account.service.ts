import type Stripe from 'stripe';
import type { Orm } from '../database/index.js';
import type { Logger } from '../logging.js';
import type { Connect, WebhookEffect, WebhookHandler } from '../payments/index.js';
import { Producer } from './producer.entity.js';

/** Keeps `canAcceptPayments` true to what Stripe says of a producer's account. */
export class StripeAccountService {
  constructor(
    private readonly orm: Orm,
    private readonly connect: Connect,
    private readonly logger: Logger,
  ) {}

  handlers(): [string, WebhookHandler][] {
    return [['account.updated', (event) => this.accountUpdated((event.data.object as Stripe.Account).id)]];
  }

  /** Events come late and in any order, so Stripe is asked how the account is now. */
  private async accountUpdated(accountId: string): Promise<WebhookEffect | undefined> {
    const known = await this.orm.em.fork().count(Producer, { stripeAccountId: accountId });
    if (known === 0) return undefined;
    const canAcceptPayments = await this.connect.canAcceptPayments(accountId);
    return {
      apply: async (em) => {
        await em.nativeUpdate(Producer, { stripeAccountId: accountId }, { canAcceptPayments });
        return 'applied';
      },
      afterCommit: () =>
        this.logger.info({ accountId, canAcceptPayments }, "A producer's Stripe account changed"),
    };
  }
}
