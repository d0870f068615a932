import type Stripe from 'stripe';
import type { WebhookHandler } from '../payments/index.js';
import type { DisputeService } from './dispute.service.js';

const DISPUTE_EVENTS = [
  'charge.dispute.created',
  'charge.dispute.updated',
  'charge.dispute.closed',
  'charge.dispute.funds_withdrawn',
  'charge.dispute.funds_reinstated',
];

/** How disputes follow their events: whatever the event was, the dispute is looked up as it is now. */
export class DisputeWebhooks {
  constructor(private readonly disputes: DisputeService) {}

  handlers(): [string, WebhookHandler][] {
    return DISPUTE_EVENTS.map((type) => [
      type,
      (event) => this.disputes.effectOf((event.data.object as Stripe.Dispute).id),
    ]);
  }
}
