import Stripe from 'stripe';
import type { StripeCalls } from './stripe-calls.js';

/** `disconnected`: its owner has taken it away from the platform, which can do nothing with it any more. */
export type AccountState = 'payable' | 'restricted' | 'disconnected';

/** The Stripe accounts that producers are paid on. */
export class Connect {
  constructor(
    private readonly stripe: Stripe,
    private readonly calls: StripeCalls,
  ) {}

  /**
   * The same producer always gets the same account, also when asking twice at once.
   *
   * @param key the producer's own; ids begin at 1 in every installation on the same Stripe account
   */
  async createAccount(producerId: number, key: string, email: string): Promise<string> {
    const account = await this.calls.run('accounts.create', (options) =>
      this.stripe.accounts.create(
        {
          type: 'express',
          email,
          capabilities: { transfers: { requested: true }, card_payments: { requested: true } },
          metadata: { producer_id: String(producerId) },
        },
        { ...options, idempotencyKey: `producer:${key}:account:1` },
      ),
    );
    return account.id;
  }

  /** @returns the address of Stripe's onboarding, good for one visit, soon; undefined for a disconnected account */
  async createOnboardingLink(
    accountId: string,
    returnUrl: string,
    refreshUrl: string,
  ): Promise<string | undefined> {
    const link = await this.calls
      .run('accountLinks.create', (options) =>
        this.stripe.accountLinks.create(
          { account: accountId, type: 'account_onboarding', return_url: returnUrl, refresh_url: refreshUrl },
          options,
        ),
      )
      .catch((error: unknown) => {
        if (isDisconnected(error)) return undefined;
        throw error;
      });
    return link?.url;
  }

  /** Whether money can be charged on behalf of this account and transferred to it. */
  async stateOf(accountId: string): Promise<AccountState> {
    try {
      const account = await this.calls.run('accounts.retrieve', (options) =>
        this.stripe.accounts.retrieve(accountId, {}, options),
      );
      const payable = account.charges_enabled === true && account.capabilities?.transfers === 'active';
      return payable ? 'payable' : 'restricted';
    } catch (error) {
      if (isDisconnected(error)) return 'disconnected';
      throw error;
    }
  }
}

/** docs.stripe.com/error-codes, account_invalid. */
function isDisconnected(error: unknown): boolean {
  return error instanceof Stripe.errors.StripePermissionError && error.code === 'account_invalid';
}
