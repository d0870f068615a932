import type { WebhookEndpoints, WebhookTarget } from '../webhooks/endpoints.js';
import { type Endpoint, endpoint } from '../wire/endpoint.js';
import { missingResource } from '../wire/errors.js';
import { boolean, list, optional, text } from '../wire/fields.js';
import { changeMetadata, metadata } from '../wire/metadata.js';
import { pagingFields } from '../wire/paging.js';
import { checkUrl } from './values.js';

/** https://docs.stripe.com/api/webhook_endpoints; the secret is shown once, in the answer to `create`. */
export function webhookEndpointEndpoints(registered: WebhookEndpoints): readonly Endpoint[] {
  return [
    endpoint(
      'POST',
      '/v1/webhook_endpoints',
      {
        api_version: optional(text()),
        connect: optional(boolean()),
        description: optional(text()),
        enabled_events: list(text()),
        metadata,
        url: text(),
      },
      ({ params }) => {
        checkUrl(params.url, 'url');
        const { endpoint: made, secret } = registered.add({
          url: params.url,
          connect: params.connect,
          events: params.enabled_events,
        });
        made.description = params.description ?? null;
        made.metadata = changeMetadata({}, params.metadata);
        return { ...made, secret };
      },
    ),
    endpoint('GET', '/v1/webhook_endpoints', { ...pagingFields }, () => ({
      object: 'list',
      data: registered.all().map((target) => target.endpoint),
      has_more: false,
      url: '/v1/webhook_endpoints',
    })),
    endpoint('GET', '/v1/webhook_endpoints/:id', {}, ({ ids }) => {
      return mustFind(registered, ids[0]!).endpoint;
    }),
    endpoint(
      'POST',
      '/v1/webhook_endpoints/:id',
      {
        description: optional(text()),
        disabled: optional(boolean()),
        enabled_events: optional(list(text())),
        metadata,
        url: optional(text()),
      },
      ({ ids, params }) => {
        const { endpoint: found } = mustFind(registered, ids[0]!);
        if (params.url !== undefined) checkUrl(params.url, 'url');
        found.url = params.url ?? found.url;
        found.description = params.description ?? found.description;
        found.enabled_events = params.enabled_events ?? found.enabled_events;
        if (params.disabled !== undefined) found.status = params.disabled ? 'disabled' : 'enabled';
        found.metadata = changeMetadata(found.metadata, params.metadata);
        return found;
      },
    ),
    endpoint('DELETE', '/v1/webhook_endpoints/:id', {}, ({ ids }) => {
      const { endpoint: found } = mustFind(registered, ids[0]!);
      registered.remove(found.id);
      return { id: found.id, object: 'webhook_endpoint', deleted: true };
    }),
  ];
}

function mustFind(registered: WebhookEndpoints, id: string): WebhookTarget {
  const target = registered.get(id);
  if (target === undefined) throw missingResource('webhook endpoint', id, 'id');
  return target;
}
