import type { Random } from '../../../bench/onsale/random.js';
import type { Attack } from '../attack.js';
import { bytes, pick } from '../random-values.js';
import { rawRequest } from '../raw-request.js';

const ROUTES = [
  '/',
  '/graphql',
  '/graphiql',
  '/graphiql/assets/index.js',
  '/webhooks/stripe',
  '/webhooks/stripe/connect',
  '/checkout/success',
  '/checkout/cancel',
  '/health/live',
  '/health/ready',
  '/metrics',
  '/nothing',
] as const;
const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH'] as const;
const TYPES = [
  undefined,
  'application/json',
  'application/json; charset=utf-16',
  'application/graphql-response+json',
  'text/plain',
  'multipart/form-data; boundary=x',
  'application/x-www-form-urlencoded',
  '\u00ff/\u00fe',
] as const;

const attack: Attack = {
  name: 'random bytes to every HTTP route',
  times: { quick: 5_000, full: 50_000 },
  async run({ world, attempt, judge }) {
    await attempt(async (random) => {
      judge(
        await rawRequest(world.server, {
          method: pick(random, METHODS),
          path: `${pick(random, ROUTES)}${query(random)}`,
          headers: headers(random),
          body: bytes(random, random.next() < 0.1 ? 5_000 : 200),
        }),
      );
    });
  },
};
export default attack;

function query(random: Random): string {
  if (random.next() < 0.5) return '';
  const name = pick(random, ['query', 'variables', 'extensions', 'operationName', 'session_id', 'order', '']);
  const text = bytes(random, 60);
  const value =
    random.next() < 0.5 ? text.toString('latin1').replace(/[^!-~]/g, '%') : `%${text.toString('hex')}`;
  return `?${name}=${value}`;
}

function headers(random: Random): Record<string, string> {
  const type = pick(random, TYPES);
  const text = bytes(random, 40)
    .toString('latin1')
    .replace(/[^\t -~\u00a0-\u00ff]/g, '');
  const name = pick(random, [
    'authorization',
    'accept',
    'x-request-id',
    'stripe-signature',
    'x-forwarded-for',
    'cookie',
  ]);
  return { ...(type !== undefined && { 'content-type': type }), [name]: text };
}
