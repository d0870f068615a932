import type Stripe from 'stripe';
import type { Orm, Turnstile } from '../database/index.js';
import { type Logger, withoutPersonalData } from '../logging.js';
import type { Arrival, StoredOutcome, WebhookEventStore } from './webhook-event-store.js';
import { scopeOf, type WebhookEffect, type WebhookHandler } from './webhook-handler.js';

/** Applies each event once, in the transaction that stores it, whichever way it came. */
export class EventProcessor {
  constructor(
    private readonly orm: Orm,
    private readonly turnstile: Turnstile,
    private readonly store: WebhookEventStore,
    private readonly handlers: ReadonlyMap<string, WebhookHandler>,
    private readonly logger: Logger,
  ) {}

  /** The platform's own events that lead to anything. */
  get platformTypes(): string[] {
    return [...this.handlers.keys()].filter((type) => scopeOf(type) === 'platform');
  }

  /**
   * Returns when the event is done; an attempt that failed is noted before it throws.
   *
   * @throws whatever kept it from being applied, AppError PAYMENT_PROVIDER_UNAVAILABLE among them
   */
  async process(event: Stripe.Event, arrival: Arrival): Promise<StoredOutcome | 'duplicate'> {
    if (arrival.again !== true && (await this.store.countRepetition(event, arrival))) return 'duplicate';
    try {
      return await this.attempt(event, arrival);
    } catch (error) {
      await this.noteFailure(event, arrival, error);
      throw error;
    }
  }

  private async attempt(event: Stripe.Event, arrival: Arrival): Promise<StoredOutcome | 'duplicate'> {
    const effect = await this.handlerOf(event)?.(event);
    const outcome = await this.turnstile.through(() => this.apply(event, arrival, effect));
    if (outcome === 'duplicate') await this.store.countRepetition(event, arrival);
    if (outcome === 'applied') effect?.afterCommit?.();
    return outcome;
  }

  private apply(
    event: Stripe.Event,
    arrival: Arrival,
    effect: WebhookEffect | undefined,
  ): Promise<StoredOutcome | 'duplicate'> {
    return this.orm.em.fork().transactional(async (em) => {
      if (!(await this.store.begin(em, event, arrival))) return 'duplicate';
      const applied = effect === undefined ? 'ignored' : await effect.apply(em);
      await this.store.finish(em, event, applied);
      return applied;
    });
  }

  /** Its `account` says whose event it is, not the endpoint that it came to: that is anybody's to configure. */
  private handlerOf(event: Stripe.Event): WebhookHandler | undefined {
    const scope = event.account === undefined ? 'platform' : 'connect';
    return scopeOf(event.type) === scope ? this.handlers.get(event.type) : undefined;
  }

  private async noteFailure(event: Stripe.Event, arrival: Arrival, error: unknown): Promise<void> {
    try {
      await this.store.noteFailure(event, arrival, textOf(withoutPersonalData(error)));
    } catch (err) {
      this.logger.error({ err, eventId: event.id }, 'That an event could not be applied could not be noted');
    }
  }
}

/** With its causes: what a buyer is told of an outage does not help an operator. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${textOf(error.cause)}`;
}
