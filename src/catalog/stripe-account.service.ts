import type { EntityManager } from '@mikro-orm/postgresql';
import { AuditLogAction, recordChange } from '../accounts/index.js';
import type { Orm } from '../database/index.js';
import type { Logger } from '../logging.js';
import type { Connect, WebhookEffect, WebhookHandler } from '../payments/index.js';
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
        return (await noteAnswer(em, accountId, question, canAcceptPayments)) ? 'applied' : 'ignored';
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

/** @returns whether it is the answer to the newest question so far */
async function noteAnswer(
  em: EntityManager,
  accountId: string,
  question: number,
  canAcceptPayments: boolean,
): Promise<boolean> {
  const [row] = await em.execute<{ id: number; before: boolean }[]>(
    `update producer set can_accept_payments = ?, stripe_answer = ?
     from (select id, can_accept_payments as before from producer
           where stripe_account_id = ? and stripe_answer < ? for update) as known
     where producer.id = known.id returning producer.id, known.before`,
    [canAcceptPayments, question, accountId, question],
  );
  if (row !== undefined && row.before !== canAcceptPayments) {
    await recordChange(em, {
      action: AuditLogAction.STRIPE_ACCOUNT_CHANGED,
      actorId: null,
      of: { producerId: row.id },
      subject: ['Producer', row.id],
      details: { canAcceptPayments: { from: row.before, to: canAcceptPayments } },
    });
  }
  return row !== undefined;
}
