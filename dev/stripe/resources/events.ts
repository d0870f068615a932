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
  endpoint(
    'GET',
    '/v1/events/:id',
    {},
    ({ world, ids, account }) => {
      const event = world.store.events.get(ids[0]!);
      if (event === undefined || (event.account ?? null) !== account) {
        throw missingResource('event', ids[0]!, 'id');
      }
      return event;
    },
    { forAccounts: true },
  ),
];

/** "a specific event name, or group of events using * as a wildcard" */
function matchesType(type: string, pattern: string): boolean {
  return pattern.endsWith('*') ? type.startsWith(pattern.slice(0, -1)) : type === pattern;
}
