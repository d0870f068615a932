import Stripe from 'stripe';
import { z } from 'zod';
import { badUserInput } from '../errors.js';
import type { Logger } from '../logging.js';
import type { Metrics } from '../metrics.js';
import type { EventProcessor } from './event-processor.js';
import type { WebhookEndpoint } from './webhook-handler.js';

export interface WebhookSecrets {
  /** Several while one is being rotated. */
  readonly platform: readonly string[];
  readonly connect: readonly string[];
}

/** How old a signature may be, in seconds; what Stripe's own libraries allow. */
const TOLERANCE_S = 300;
const SIGNATURE_HEADER = /^\w+=\w+(,\w+=\w+)*$/;

/** What every event has that we can do anything about. */
const eventRules = z.object({
  id: z.string().regex(/^[\w.]{1,255}$/),
  type: z.string().regex(/^[\w.]{1,255}$/),
  created: z.number().int().min(0).max(253_402_300_799),
  livemode: z.boolean(),
  account: z
    .string()
    .regex(/^\w{1,255}$/)
    .optional(),
  data: z.object({ object: z.record(z.string(), z.unknown()) }),
});

/** Stripe's events as Stripe delivers them. */
export class WebhookInbox {
  constructor(
    private readonly stripe: Stripe,
    private readonly secrets: WebhookSecrets,
    private readonly livemode: boolean,
    private readonly processor: EventProcessor,
    private readonly metrics: Metrics,
    private readonly logger: Logger,
  ) {}

  /**
   * Returns when the event is done or deliberately ignored; throws when Stripe should send it again.
   *
   * An event of the other mode is refused, and that is an answer: Stripe sends the test events of connected
   * accounts to live endpoints too (docs.stripe.com/connect/webhooks), and stops using an endpoint that
   * keeps failing.
   *
   * @param rawBody byte for byte as it came: the signature covers nothing else
   * @throws AppError BAD_USER_INPUT when the signature does not fit, or what it signs is no event; nothing
   * was written
   */
  async receive(endpoint: WebhookEndpoint, rawBody: Buffer, signature: string | undefined): Promise<void> {
    const event = this.verified(endpoint, rawBody, signature);
    const log = this.logger.child({ eventId: event.id, eventType: event.type, account: event.account });
    if (event.livemode !== this.livemode) {
      log.error({ livemode: event.livemode }, 'An event of the other mode (live or test) was refused');
      this.metrics.webhooks.inc({ endpoint, outcome: 'wrong_mode' });
      return;
    }
    try {
      const outcome = await this.processor.process(event, { endpoint });
      this.metrics.webhooks.inc({ endpoint, outcome });
      log.info({ outcome }, 'A webhook was processed');
    } catch (error) {
      this.metrics.webhooks.inc({ endpoint, outcome: 'failed' });
      throw error;
    }
  }

  private verified(endpoint: WebhookEndpoint, rawBody: Buffer, signature: string | undefined): Stripe.Event {
    if (!this.secrets[endpoint].some((secret) => this.isSigned(rawBody, signature, secret))) {
      this.metrics.webhooks.inc({ endpoint, outcome: 'bad_signature' });
      throw badUserInput('stripe-signature', 'The webhook signature is missing, wrong or too old');
    }
    const event = eventIn(rawBody);
    if (event === undefined) {
      this.metrics.webhooks.inc({ endpoint, outcome: 'malformed' });
      this.logger.error({ endpoint }, 'A webhook was signed well, but holds no event that we can read');
      throw badUserInput('body', 'This is no event, or one of another kind than snapshots');
    }
    return event;
  }

  private isSigned(rawBody: Buffer, signature: string | undefined, secret: string): boolean {
    // The library trips over some headers that are none, where it should refuse them.
    if (signature === undefined || !SIGNATURE_HEADER.test(signature)) return false;
    try {
      this.stripe.webhooks.signature!.verifyHeader(rawBody, signature, secret, TOLERANCE_S);
      return true;
    } catch (error) {
      if (error instanceof Stripe.errors.StripeSignatureVerificationError) return false;
      throw error;
    }
  }
}

function eventIn(rawBody: Buffer): Stripe.Event | undefined {
  try {
    const body: unknown = JSON.parse(rawBody.toString('utf8'));
    return eventRules.safeParse(body).success ? (body as Stripe.Event) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
