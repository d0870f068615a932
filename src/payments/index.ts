export { Checkout, type CheckoutRequest } from './checkout.js';
export { Connect } from './connect.js';
export { DISPUTE_STATUSES, type DisputeState, Disputes, disputeState } from './disputes.js';
export { Ledger, type LedgerOrder, type Movement, type MovementKind } from './ledger.js';
export { amountValue, type Fact, type FactKind, OrderRecords, UNDER_WAY } from './order-records.js';
export { type PaymentState, paymentState } from './payment-state.js';
export { type RefundAttempt, type RefundState, Refunds } from './refunds.js';
export { isMissingAtStripe, providerUnavailable, StripeCalls } from './stripe-calls.js';
export { createStripeClient } from './stripe-client.js';
export {
  type WebhookEffect,
  type WebhookEndpoint,
  type WebhookHandler,
  WebhookInbox,
} from './webhook-inbox.js';
