import type { Orm } from '../database/index.js';
import type { Logger } from '../logging.js';
import type { Connect, WebhookEffect, WebhookHandler } from '../payments/index.js';
import { Producer } from './producer.entity.js';
import { disconnectAccount } from './stripe-disconnection.js';

const CHANGES = ['account.updated', 'capability.updated'];
const DISCONNECTED = 'account.application.deauthorized';

/** Keeps `canAcceptPayments` true to what Stripe says of a producer's account. */
export class StripeAccountService {
  constructor(
    private readonly orm: Orm,
    private readonly connect: Connect,
    private readonly logger: Logger,
  ) {}

  handlers(): [string, WebhookHandler][] {
    return [...CHANGES, DISCONNECTED].map((type) => [
      type,
      async ({ account }) =>
        account === undefined ? undefined : this.accountChanged(account, type === DISCONNECTED),
    ]);
  }

  /**
   * Events come late and in any order, so Stripe is asked how the account is now. Several may ask at
   * once, and no answer may undo one to a newer question: whoever asks because of the last change hears
   * of it.
   */
  async accountChanged(accountId: string, saidToBeDisconnected = false): Promise<WebhookEffect | undefined> {
    const question = await this.newQuestion(accountId);
    if (question === undefined) return undefined;
    const state = await this.connect.stateOf(accountId);
    const canAcceptPayments = state === 'payable';
    return {
      apply: async (em) => {
        if (saidToBeDisconnected && state === 'disconnected') {
          return (await disconnectAccount(em, accountId)) ? 'applied' : 'ignored';
        }
        const changed = await em.nativeUpdate(
          Producer,
          { stripeAccountId: accountId, stripeAnswer: { $lt: question } },
          { canAcceptPayments, stripeAnswer: question },
        );
        return changed === 1 ? 'applied' : 'ignored';
      },
      afterCommit: () => this.logger.info({ accountId, state }, "A producer's Stripe account changed"),
    };
  }

  /** @returns undefined for an account that belongs to no producer of ours */
  private async newQuestion(accountId: string): Promise<number | undefined> {
    const [row] = await this.orm.em.fork().execute<{ stripe_questions: number }[]>(
      `update producer set stripe_questions = stripe_questions + 1
         where stripe_account_id = ? returning stripe_questions`,
      [accountId],
    );
    return row?.stripe_questions;
  }
}
