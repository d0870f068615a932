import type { Deliveries } from '../webhooks/deliveries.js';
import type { WebhookEndpoints } from '../webhooks/endpoints.js';
import type { Endpoint } from '../wire/endpoint.js';
import { accountEndpoints } from './accounts.js';
import { applicationFeeEndpoints } from './application-fees.js';
import { balanceEndpoints } from './balance.js';
import { chargeEndpoints } from './charges.js';
import { checkoutSessionEndpoints } from './checkout-sessions.js';
import { disputeEndpoints } from './disputes.js';
import { eventEndpoints, resendEndpoint } from './events.js';
import { paymentIntentEndpoints } from './payment-intents.js';
import { paymentMethodEndpoints } from './payment-methods.js';
import { paymentPageEndpoints } from './payment-pages.js';
import { productEndpoints } from './products.js';
import { refundEndpoints } from './refunds.js';
import { transferEndpoints } from './transfers.js';
import { webhookEndpointEndpoints } from './webhook-endpoints.js';

export function allEndpoints(webhooks: WebhookEndpoints, deliveries: Deliveries): readonly Endpoint[] {
  return [
    ...accountEndpoints,
    ...applicationFeeEndpoints,
    ...balanceEndpoints,
    ...chargeEndpoints,
    ...checkoutSessionEndpoints,
    ...disputeEndpoints,
    ...eventEndpoints,
    resendEndpoint(webhooks, deliveries),
    ...paymentIntentEndpoints,
    ...paymentMethodEndpoints,
    ...paymentPageEndpoints,
    ...productEndpoints,
    ...refundEndpoints,
    ...transferEndpoints,
    ...webhookEndpointEndpoints(webhooks),
  ];
}
