import type { EntityManager } from '@mikro-orm/postgresql';
import Stripe from 'stripe';
import type { Orm } from '../database/index.js';
import { badUserInput } from '../errors.js';
import type { Logger } from '../logging.js';
import type { Metrics } from '../metrics.js';

export type WebhookEndpoint = 'platform' | 'connect';

/** What an event leads to: an effect inside the transaction that stores it, and what follows the commit. */
export interface WebhookEffect {
  apply(em: EntityManager): Promise<'applied' | 'ignored' | 'refused'>;
  afterCommit?(): void;
}

/**
 * Prepares the effect of an event, asking Stripe for the object as it is now: the payload is a hint,
 * since events come late, twice and in any order. Called outside of any transaction.
 */
export type WebhookHandler = (event: Stripe.Event) => Promise<WebhookEffect | undefined>;

export interface WebhookSecrets {
  /** Several while one is being rotated. */
  readonly platform: readonly string[];
  readonly connect: readonly string[];
}

/** Stripe's events: checked, stored once, and applied in the transaction that stores them. */
export class WebhookInbox {
  constructor(
    private readonly orm: Orm,
    private readonly stripe: Stripe,
    private readonly secrets: WebhookSecrets,
    private readonly livemode: boolean,
    private readonly handlers: ReadonlyMap<string, WebhookHandler>,
    private readonly metrics: Metrics,
    private readonly logger: Logger,
  ) {}

  /**
   * Returns when the event is done or deliberately ignored; throws when Stripe should send it again.
   *
   * @param rawBody byte for byte as it came: the signature covers nothing else
   * @throws AppError BAD_USER_INPUT when the signature does not fit; nothing was written
   */
  async receive(endpoint: WebhookEndpoint, rawBody: Buffer, signature: string | undefined): Promise<void> {
    const event = this.verified(endpoint, rawBody, signature);
    const log = this.logger.child({ eventId: event.id, eventType: event.type, account: event.account });
    if (event.livemode !== this.livemode) {
      log.error('An event of the other mode (live or test) was refused');
      this.metrics.webhooks.inc({ endpoint, outcome: 'wrong_mode' });
      return;
    }
    try {
      const outcome = await this.process(event);
      this.metrics.webhooks.inc({ endpoint, outcome });
      log.info({ outcome }, 'A webhook was processed');
    } catch (error) {
      this.metrics.webhooks.inc({ endpoint, outcome: 'failed' });
      throw error;
    }
  }

  private verified(endpoint: WebhookEndpoint, rawBody: Buffer, signature: string | undefined): Stripe.Event {
    for (const secret of this.secrets[endpoint]) {
      try {
        return this.stripe.webhooks.constructEvent(rawBody, signature ?? '', secret);
      } catch (error) {
        if (
          !(error instanceof Stripe.errors.StripeSignatureVerificationError) &&
          !(error instanceof SyntaxError)
        ) {
          throw error;
        }
      }
    }
    this.metrics.webhooks.inc({ endpoint, outcome: 'bad_signature' });
    throw badUserInput('stripe-signature', 'The webhook signature is missing, wrong or too old');
  }

  private async process(event: Stripe.Event): Promise<string> {
    if (await this.isKnown(event)) return 'duplicate';
    const effect = await this.handlers.get(event.type)?.(event);
    const outcome = await this.orm.em.fork().transactional(async (em) => {
      if (!(await this.store(em, event))) return 'duplicate';
      const applied = effect === undefined ? 'ignored' : await effect.apply(em);
      await em.execute('update webhook_event set outcome = ? where account = ? and event_id = ?', [
        applied,
        event.account ?? '',
        event.id,
      ]);
      return applied;
    });
    if (outcome === 'applied') effect?.afterCommit?.();
    return outcome;
  }

  private async isKnown(event: Stripe.Event): Promise<boolean> {
    const rows = await this.orm.em
      .fork()
      .execute('select 1 from webhook_event where account = ? and event_id = ?', [
        event.account ?? '',
        event.id,
      ]);
    return rows.length > 0;
  }

  /** A second delivery waits here for the first one's transaction, and finds its row or takes its place. */
  private async store(em: EntityManager, event: Stripe.Event): Promise<boolean> {
    const rows = await em.execute(
      `insert into webhook_event (account, event_id, type, outcome, stripe_created_at)
       values (?, ?, ?, 'received', to_timestamp(?)) on conflict do nothing returning event_id`,
      [event.account ?? '', event.id, event.type, event.created],
    );
    return rows.length > 0;
  }
}
