import type { Orm } from '../database/index.js';
import type { Logger } from '../logging.js';
import type { Metrics } from '../metrics.js';
import type { EventProcessor } from './event-processor.js';
import type { StripeEvents } from './stripe-events.js';
import { findEventsToRetry } from './webhook-event-listing.js';
import type { WebhookEventStore } from './webhook-event-store.js';
import type { WebhookEventsService } from './webhook-events.service.js';

/** How far back the first round goes, in milliseconds. */
const FIRST_SPAN_MS = 24 * 60 * 60_000;
/** Events that become visible out of the order of their `created` are found by reading so much again. */
const OVERLAP_MS = 2 * 60_000;
/** Seconds after which another process may take a round over whose process has died; extended page by page. */
const CLAIM_SECONDS = 120;
/** How many events of a page are applied at once. */
const AT_ONCE = 8;
const MOST_RETRIES = 50;

/**
 * Pages through Stripe's events for those that never arrived, and tries those again that failed. One process at
 * a time does: whoever moves `due_at` into the future.
 */
export class EventReconciler {
  private stopped = false;

  /** @param everySeconds between two rounds; also how long an event may take to arrive by itself */
  constructor(
    private readonly orm: Orm,
    private readonly events: StripeEvents,
    private readonly store: WebhookEventStore,
    private readonly processor: EventProcessor,
    private readonly replays: WebhookEventsService,
    private readonly everySeconds: number,
    private readonly metrics: Metrics,
    private readonly logger: Logger,
  ) {}

  /** Does a round if one is due and nobody else has begun it. */
  async round(): Promise<void> {
    const claim = this.stopped ? undefined : await this.claim();
    if (claim === undefined) return;
    let reached: Date | undefined;
    try {
      reached = await this.readFrom(claim.reached ?? new Date(Date.now() - FIRST_SPAN_MS));
      await this.retryFailed();
    } finally {
      await this.release(reached);
    }
  }

  /** Lets a round under way end after what it is at. */
  stop(): void {
    this.stopped = true;
  }

  /** @returns when the newest event was created, by Stripe's clock; undefined where not all were read */
  private async readFrom(from: Date): Promise<Date | undefined> {
    let newest = from;
    const until = new Date(Date.now() - this.everySeconds * 1000);
    const since = new Date(from.getTime() - OVERLAP_MS);
    for await (const page of this.events.list(this.processor.platformTypes, since, until)) {
      if (this.stopped) return undefined;
      for (const { created } of page) newest = new Date(Math.max(newest.getTime(), created * 1000));
      await this.take(await this.store.missing(page));
      await this.postpone(CLAIM_SECONDS);
    }
    return newest;
  }

  private async take(missing: Awaited<ReturnType<WebhookEventStore['missing']>>): Promise<void> {
    for (let start = 0; start < missing.length; start += AT_ONCE) {
      await Promise.all(missing.slice(start, start + AT_ONCE).map((event) => this.takeOne(event)));
    }
  }

  /** One that fails keeps no other waiting: it is noted, and tried again with growing pauses. */
  private async takeOne(event: Parameters<EventProcessor['process']>[0]): Promise<void> {
    const log = this.logger.child({ eventId: event.id, eventType: event.type });
    try {
      const outcome = await this.processor.process(event, {});
      if (outcome === 'duplicate') return;
      this.metrics.eventsFound.inc({ outcome });
      log.warn({ outcome }, 'An event had not arrived, or had failed; it was found by asking Stripe');
    } catch (error) {
      this.metrics.eventsFound.inc({ outcome: 'failed' });
      log.error({ err: error }, 'An event that was found could not be applied now');
    }
  }

  private async retryFailed(): Promise<void> {
    if (this.stopped) return;
    const due = await findEventsToRetry(this.orm.em.fork(), MOST_RETRIES, this.everySeconds);
    await this.replays.repeatAll(due);
  }

  private async claim(): Promise<{ readonly reached: Date | null } | undefined> {
    const [row] = await this.orm.em.fork().execute<{ reached: string | Date | null }[]>(
      `update stripe_event_cursor set due_at = now() + make_interval(secs => ?)
       where name = 'platform' and due_at <= now() returning reached`,
      [CLAIM_SECONDS],
    );
    return row && { reached: row.reached === null ? null : new Date(row.reached) };
  }

  private async postpone(forSeconds: number): Promise<void> {
    await this.orm.em
      .fork()
      .execute(
        "update stripe_event_cursor set due_at = now() + make_interval(secs => ?) where name = 'platform'",
        [forSeconds],
      );
  }

  private async release(reached: Date | undefined): Promise<void> {
    await this.postpone(this.everySeconds);
    if (reached === undefined) return;
    await this.orm.em
      .fork()
      .execute(
        "update stripe_event_cursor set reached = greatest(reached, ?::timestamptz) where name = 'platform'",
        [reached],
      );
  }
}
