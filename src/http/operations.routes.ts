import type { FastifyInstance } from 'fastify';
import type { Metrics } from '../metrics.js';

/** What the server stands on, and how each part is. */
export interface Readiness {
  readonly status: 'ready' | 'degraded' | 'unavailable';
  readonly checks: Readonly<Record<string, 'ok' | 'degraded' | 'failed' | 'draining'>>;
}

export function operationsRoutes(
  server: FastifyInstance,
  metrics: Metrics,
  readiness: () => Promise<Readiness>,
): void {
  server.get('/health/live', async () => ({ status: 'ok' }));

  server.get('/health/ready', async (_request, reply) => {
    const state = await readiness();
    return reply.code(state.status === 'unavailable' ? 503 : 200).send(state);
  });

  server.get('/metrics', async (_request, reply) =>
    reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  );

  server.get('/', async (_request, reply) => reply.redirect('/graphiql'));
}
