export { OrderDisputesResolver } from './dispute.resolver.js';
export { DisputeService } from './dispute.service.js';
export { DisputeChecks } from './dispute-checks.js';
export { DisputeSettlement } from './dispute-settlement.js';
export { DisputeWebhooks } from './dispute-webhooks.js';
