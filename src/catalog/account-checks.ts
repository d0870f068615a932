import type { Orm } from '../database/index.js';
import type { Logger } from '../logging.js';
import type { StripeAccountService } from './stripe-account.service.js';

/** How many accounts one round asks about: Stripe's rate limit is for buyers first. */
const PER_ROUND = 10;

/**
 * Asks Stripe about the accounts of producers, each once in a while. Their events cannot be listed for all
 * of them at once, and one that never arrived would leave a sale open that cannot be paid, or shut.
 */
export class AccountChecks {
  /** @param everySeconds how long an account's state is believed, as far as the rounds keep up */
  constructor(
    private readonly orm: Orm,
    private readonly accounts: StripeAccountService,
    private readonly everySeconds: number,
    private readonly logger: Logger,
  ) {}

  /** Those asked about longest ago come first. Any number of processes share the work. */
  async round(): Promise<void> {
    await Promise.all((await this.claim()).map((accountId) => this.check(accountId)));
  }

  private async check(accountId: string): Promise<void> {
    try {
      const effect = await this.accounts.accountChanged(accountId);
      if (effect === undefined) return;
      await this.orm.em.fork().transactional((em) => effect.apply(em));
    } catch (error) {
      this.logger.warn({ err: error, accountId }, 'An account could not be asked about; it is later');
    }
  }

  private async claim(): Promise<string[]> {
    const rows = await this.orm.em.fork().execute<{ stripe_account_id: string }[]>(
      `update producer set stripe_checked_at = now()
       where id in (
         select id from producer
         where stripe_account_id is not null and stripe_checked_at < now() - make_interval(secs => ?)
         order by stripe_checked_at limit ? for update skip locked
       )
       returning stripe_account_id`,
      [this.everySeconds, PER_ROUND],
    );
    return rows.map((row) => row.stripe_account_id);
  }
}
