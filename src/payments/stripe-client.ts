import Stripe from 'stripe';
import type { Environment } from '../env.js';

type StripeEnvironment = Pick<Environment, 'STRIPE_SECRET_KEY' | 'STRIPE_API_BASE'>;

/**
 * The `stripe` package as we use it: no retries of its own, since ours keep to the request's
 * deadline, and a base address that may point at a stand-in.
 */
export function createStripeClient(environment: StripeEnvironment): Stripe {
  const base = environment.STRIPE_API_BASE === undefined ? undefined : new URL(environment.STRIPE_API_BASE);
  return new Stripe(environment.STRIPE_SECRET_KEY, {
    maxNetworkRetries: 0,
    telemetry: false,
    appInfo: { name: 'boxoffice' },
    ...(base && {
      protocol: base.protocol === 'http:' ? 'http' : 'https',
      host: base.hostname,
      port: base.port === '' ? (base.protocol === 'http:' ? 80 : 443) : base.port,
    }),
  });
}
