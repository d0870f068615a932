export type { CapabilityChanges } from './actions/accounts.js';
export type { OpenDisputeOptions } from './actions/disputes.js';
export type { DeclineOptions, PayOptions } from './actions/payments.js';
export type {
  AttemptFilter,
  FaultControl,
  LocalStripeControl,
  RegisteredWebhookEndpoint,
  WebhookControl,
} from './control/control.js';
export { connectLocalStripe } from './control/control-client.js';
export type { ActiveFault, FaultMatch, FaultRule } from './control/faults.js';
export type { LoggedRequest, RequestCount, RequestFilter } from './control/request-log.js';
export { type LocalStripe, type LocalStripeOptions, startLocalStripe } from './server.js';
export type { DeliveryAttempt } from './webhooks/attempt.js';
export type { NewWebhookEndpoint } from './webhooks/endpoints.js';
export type { ReleaseOrder } from './webhooks/release-order.js';
export type { RateLimits } from './wire/rate-limit.js';
