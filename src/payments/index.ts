export { Checkout, type CheckoutRequest, type PaymentMetadata } from './checkout.js';
export { Connect } from './connect.js';
export { DISPUTE_STATUSES, type DisputeState, Disputes, disputeState } from './disputes.js';
export { EventProcessor } from './event-processor.js';
export { EventReconciler } from './event-reconciler.js';
export { Ledger, type LedgerOrder, type Movement, type MovementKind } from './ledger.js';
export { amountValue, type Fact, type FactKind, OrderRecords, UNDER_WAY } from './order-records.js';
export { attemptOf, type PaymentState, paymentState } from './payment-state.js';
export { type RefundAttempt, type RefundState, Refunds } from './refunds.js';
export {
  applicationFee,
  checkPayable,
  fromStripeAmount,
  smallestAmount,
  toStripeAmount,
  UnpayableAmountError,
} from './stripe-amounts.js';
export { isMissingAtStripe, isReplayedFailure, providerUnavailable, StripeCalls } from './stripe-calls.js';
export { createStripeClient, isLiveMode, requestsPerSecond } from './stripe-client.js';
export { inBackground, withinDeadline } from './stripe-context.js';
export { StripeEvents } from './stripe-events.js';
export { StripeNotAskedError, StripePace } from './stripe-pace.js';
export { WebhookEventOutcome } from './webhook-event.js';
export { WebhookEventResolver } from './webhook-event.resolver.js';
export { WebhookEventStore } from './webhook-event-store.js';
export { WebhookEventsService } from './webhook-events.service.js';
export type { WebhookEffect, WebhookEndpoint, WebhookHandler } from './webhook-handler.js';
export { WebhookInbox } from './webhook-inbox.js';
