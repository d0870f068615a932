import type { Endpoint } from './endpoint.js';

export interface Match {
  readonly endpoint: Endpoint;
  readonly ids: readonly string[];
}

interface Route {
  readonly endpoint: Endpoint;
  readonly segments: readonly string[];
}

/** Finds the endpoint of a request. Fixed segments win over ids (`/v1/balance/history`). */
export class Router {
  readonly #routes: readonly Route[];

  constructor(endpoints: readonly Endpoint[]) {
    this.#routes = endpoints
      .map((endpoint) => ({ endpoint, segments: endpoint.path.split('/') }))
      .sort((a, b) => countIds(a.segments) - countIds(b.segments));
  }

  find(method: string, path: string): Match | undefined {
    const given = path.split('/');
    for (const { endpoint, segments } of this.#routes) {
      if (endpoint.method !== method || segments.length !== given.length) continue;
      if (!segments.every((segment, place) => segment.startsWith(':') || segment === given[place])) continue;
      return { endpoint, ids: given.filter((_, place) => segments[place]!.startsWith(':')) };
    }
    return undefined;
  }
}

function countIds(segments: readonly string[]): number {
  return segments.filter((segment) => segment.startsWith(':')).length;
}
