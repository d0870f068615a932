import Stripe from 'stripe';
import { isMissingAtStripe, type StripeCalls } from './stripe-calls.js';
import type { StoredEvent } from './webhook-event-listing.js';

/** Stripe takes no more in one list (docs.stripe.com/api/events/list). */
const MOST_TYPES = 20;
const PAGE = 100;

/** Stripe's events as Stripe keeps them: for 30 days (docs.stripe.com/api/events). */
export class StripeEvents {
  constructor(
    private readonly stripe: Stripe,
    private readonly calls: StripeCalls,
    private readonly livemode: boolean,
  ) {}

  /**
   * The event as Stripe sent it; made up of what was stored where Stripe no longer has it, which is enough
   * for handlers: they ask for the object anyway.
   *
   * @throws AppError PAYMENT_PROVIDER_UNAVAILABLE
   */
  async retrieve(stored: StoredEvent): Promise<Stripe.Event> {
    const { id, account } = stored;
    try {
      return await this.calls.run('events.retrieve', (options) =>
        this.stripe.events.retrieve(id, {}, { ...options, ...(account && { stripeAccount: account }) }),
      );
    } catch (error) {
      // The second: the account is no longer connected, and its events are out of our sight.
      const isGone = isMissingAtStripe(error) || error instanceof Stripe.errors.StripePermissionError;
      if (!isGone) throw error;
      return this.remembered(stored);
    }
  }

  /**
   * The platform's events of these types that were created in this span, newest first, page by page.
   *
   * @throws AppError PAYMENT_PROVIDER_UNAVAILABLE
   */
  async *list(types: readonly string[], from: Date, until: Date): AsyncGenerator<Stripe.Event[]> {
    for (let start = 0; start < types.length; start += MOST_TYPES) {
      yield* this.pages({
        types: types.slice(start, start + MOST_TYPES),
        created: { gte: seconds(from), lte: seconds(until) },
        limit: PAGE,
      });
    }
  }

  private async *pages(query: Stripe.EventListParams): AsyncGenerator<Stripe.Event[]> {
    let last: string | undefined;
    for (;;) {
      const page = await this.calls.run('events.list', (options) =>
        this.stripe.events.list({ ...query, ...(last !== undefined && { starting_after: last }) }, options),
      );
      yield page.data;
      last = page.data.at(-1)?.id;
      if (!page.has_more || last === undefined) return;
    }
  }

  private remembered({
    id,
    account,
    type,
    objectId,
    orderId,
    paymentIntentId,
    createdAt,
  }: StoredEvent): Stripe.Event {
    const metadata = orderId === null ? {} : { order_id: orderId };
    return {
      id,
      ...(account !== null && { account }),
      object: 'event',
      type,
      created: seconds(createdAt),
      livemode: this.livemode,
      data: { object: { id: objectId, payment_intent: paymentIntentId, metadata } },
    } as unknown as Stripe.Event;
  }
}

const seconds = (instant: Date) => Math.floor(instant.getTime() / 1000);
