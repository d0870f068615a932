import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isAppError } from '../errors.js';
import type { Logger } from '../logging.js';
import type { WebhookEndpoint, WebhookInbox } from '../payments/index.js';

/**
 * Where Stripe delivers its events. 2xx: applied, or not ours; 400: the signature is not Stripe's;
 * 5xx: not now, send it again.
 */
export function webhookRoutes(server: FastifyInstance, inbox: WebhookInbox, logger: Logger): void {
  void server.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    scope.post('/webhooks/stripe', (request, reply) => receive('platform', request, reply));
    scope.post('/webhooks/stripe/connect', (request, reply) => receive('connect', request, reply));
  });

  async function receive(endpoint: WebhookEndpoint, request: FastifyRequest, reply: FastifyReply) {
    const signature = request.headers['stripe-signature'];
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    try {
      await inbox.receive(endpoint, body, typeof signature === 'string' ? signature : undefined);
      return reply.code(200).send({ received: true });
    } catch (error) {
      if (isAppError(error, 'BAD_USER_INPUT')) return reply.code(400).send({ error: error.message });
      logger.error({ err: error, endpoint }, 'A webhook could not be applied now');
      return reply.code(503).send({ error: 'The event could not be applied now; send it again' });
    }
  }
}
