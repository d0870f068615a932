import type { EntityManager } from '@mikro-orm/postgresql';
import type Stripe from 'stripe';
import { AuditLogAction, recordChange, requireOperator, type Viewer } from '../accounts/index.js';
import { badUserInput, isAppError, notFound } from '../errors.js';
import type { Logger } from '../logging.js';
import { parseOrderId } from '../validation/ids.js';
import type { Page } from '../validation/paging.js';
import type { EventProcessor } from './event-processor.js';
import type { StripeEvents } from './stripe-events.js';
import type { WebhookEvent } from './webhook-event.js';
import {
  findEvent,
  findFailedEvents,
  pageOfEvents,
  type StoredEvent,
  type WebhookEventFilter,
} from './webhook-event-listing.js';

/** How many events one request replays at most: each asks Stripe, and the operator waits. */
const MOST_AT_ONCE = 20;

/** As Stripe makes them. */
const EVENT_ID = /^evt_[A-Za-z0-9_]{1,250}$/;

/** What operators do about Stripe's events. */
export class WebhookEventsService {
  constructor(
    private readonly events: StripeEvents,
    private readonly processor: EventProcessor,
    private readonly logger: Logger,
  ) {}

  /** Newest first. @throws AppError FORBIDDEN, BAD_USER_INPUT */
  async page(
    em: EntityManager,
    viewer: Viewer,
    first: number,
    after: string | null | undefined,
    filter: WebhookEventFilter | null | undefined,
  ): Promise<Page<WebhookEvent>> {
    if (filter?.orderId != null) parseOrderId(filter.orderId, 'filter.orderId');
    await requireOperator(em, viewer);
    return pageOfEvents(em, first, after, filter ?? {});
  }

  /**
   * Applies an event as if it were new, whatever came of it before.
   *
   * @returns the event as it is then
   * @throws AppError BAD_USER_INPUT, FORBIDDEN; NOT_FOUND where no such event is stored; PAYMENT_PROVIDER_UNAVAILABLE, and
   * whatever else keeps it from being applied, which is noted as its `lastError`
   */
  async replay(
    em: EntityManager,
    viewer: Viewer,
    id: string,
    account: string | null | undefined,
  ): Promise<WebhookEvent> {
    if (!EVENT_ID.test(id)) throw badUserInput('id', 'Invalid event ID format');
    await requireOperator(em, viewer);
    const stored = await findEvent(em, id, account ?? null);
    if (stored === undefined) throw notFound('Webhook event not found');
    // What the replay changes is many transactions' work, so the log says that it was asked for.
    await recordReplay(em, viewer, stored);
    await this.repeat(stored, true);
    this.logger.info({ eventId: id, operator: viewer.userId }, 'An event was replayed');
    return (await findEvent(em, id, account ?? null)) ?? stored;
  }

  /**
   * Tries the oldest failed events again, and stops where Stripe cannot be asked.
   *
   * @returns those that were tried, as they are then
   * @throws AppError FORBIDDEN
   */
  async replayFailed(em: EntityManager, viewer: Viewer): Promise<WebhookEvent[]> {
    await requireOperator(em, viewer);
    const failed = await findFailedEvents(em, MOST_AT_ONCE);
    for (const event of failed) await recordReplay(em, viewer, event);
    const tried = await this.repeatAll(failed);
    this.logger.info({ events: tried.length, operator: viewer.userId }, 'Failed events were replayed');
    const now = await Promise.all(tried.map(({ id, account }) => findEvent(em, id, account)));
    return now.filter((event) => event !== undefined);
  }

  /** What fails again is noted with the event; where Stripe does not answer, the others need not be tried. */
  async repeatAll(failed: readonly StoredEvent[]): Promise<WebhookEvent[]> {
    const tried: WebhookEvent[] = [];
    for (const event of failed) {
      tried.push(event);
      try {
        await this.repeat(event, false);
      } catch (error) {
        this.logger.warn({ err: error, eventId: event.id }, 'An event that had failed has failed again');
        if (isAppError(error, 'PAYMENT_PROVIDER_UNAVAILABLE')) break;
      }
    }
    return tried;
  }

  private async repeat(stored: StoredEvent, again: boolean): Promise<void> {
    const event: Stripe.Event = await this.events.retrieve(stored);
    await this.processor.process(event, { again });
  }
}

function recordReplay(em: EntityManager, viewer: Viewer, event: StoredEvent): Promise<void> {
  const { id, account, type, orderId } = event;
  return recordChange(em, {
    action: AuditLogAction.WEBHOOK_EVENT_REPLAYED,
    actorId: viewer.userId,
    subject: ['WebhookEvent', id],
    details: { account, type, orderId },
  });
}
