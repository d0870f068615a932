import type Stripe from 'stripe';
import type { World } from '../state/world.js';
import type { Deliveries } from '../webhooks/deliveries.js';
import type { WebhookEndpoints } from '../webhooks/endpoints.js';
import { type Endpoint, endpoint } from '../wire/endpoint.js';
import { invalidRequest, missingResource } from '../wire/errors.js';
import { boolean, list, optional, text } from '../wire/fields.js';
import { createdField, isWithin, page, pagingFields } from '../wire/paging.js';

const MAXIMUM_TYPES = 20;

/**
 * https://docs.stripe.com/api/events. `delivery_success=false` lists those that some webhook endpoint has
 * not taken. As at Stripe, the events of a connected account are listed for that account (`Stripe-Account`)
 * and not in the platform's own list.
 */
export const eventEndpoints: readonly Endpoint[] = [
  endpoint(
    'GET',
    '/v1/events',
    {
      ...pagingFields,
      created: createdField,
      delivery_success: optional(boolean()),
      type: optional(text()),
      types: optional(list(text())),
    },
    ({ world, params, account }) => {
      if (params.type !== undefined && params.types !== undefined) {
        throw invalidRequest('You may only specify one of these parameters: type, types.');
      }
      if ((params.types?.length ?? 0) > MAXIMUM_TYPES) {
        throw invalidRequest(`You may only specify up to ${MAXIMUM_TYPES} types.`, { param: 'types' });
      }
      const wanted = params.type === undefined ? params.types : [params.type];
      return page(world.store.events, params, '/v1/events', (event) => {
        return (
          (event.account ?? null) === account &&
          isWithin(event.created, params.created) &&
          (wanted?.some((pattern) => matchesType(event.type, pattern)) ?? true) &&
          (params.delivery_success === undefined ||
            (event.pending_webhooks === 0) === params.delivery_success)
        );
      });
    },
    { forAccounts: true },
  ),
  endpoint('GET', '/v1/events/:id', {}, ({ world, ids, account }) => mustFindEvent(world, ids[0]!, account), {
    forAccounts: true,
  }),
];

/** What `stripe events resend` asks for; not in the reference. */
export function resendEndpoint(webhooks: WebhookEndpoints, deliveries: Deliveries): Endpoint {
  return endpoint(
    'POST',
    '/v1/events/:id/retry',
    {
      account: optional(text()),
      for_stripecli: optional(boolean()),
      webhook_endpoint: optional(text()),
    },
    ({ world, ids, params }) => {
      const event = mustFindEvent(world, ids[0]!, params.account ?? null);
      if (params.webhook_endpoint === undefined) {
        throw invalidRequest('Nothing listens here but webhook endpoints: name one (--webhook-endpoint).', {
          code: 'parameter_missing',
          param: 'webhook_endpoint',
        });
      }
      const target = webhooks.get(params.webhook_endpoint);
      if (target === undefined) {
        throw missingResource('webhook endpoint', params.webhook_endpoint, 'webhook_endpoint', 400);
      }
      deliveries.resend(event, target);
      return event;
    },
  );
}

function mustFindEvent(world: World, id: string, account: string | null): Stripe.Event {
  const event = world.store.events.get(id);
  if (event !== undefined && (event.account ?? null) === account) return event;
  throw missingResource('event', id, 'id');
}

/** "a specific event name, or group of events using * as a wildcard" */
function matchesType(type: string, pattern: string): boolean {
  return pattern.endsWith('*') ? type.startsWith(pattern.slice(0, -1)) : type === pattern;
}
