import Stripe from 'stripe';
import type { Environment } from '../env.js';

type StripeEnvironment = Pick<Environment, 'STRIPE_SECRET_KEY' | 'STRIPE_API_BASE'>;

/** Below what Stripe answers unless one asks for more: 100 a second in live mode, 25 in a sandbox (docs.stripe.com/rate-limits). */
const REQUESTS_PER_SECOND = { live: 80, test: 20 } as const;

export function isLiveMode({ STRIPE_SECRET_KEY }: Pick<Environment, 'STRIPE_SECRET_KEY'>): boolean {
  return /^[a-z]+_live_/.test(STRIPE_SECRET_KEY);
}

/** @returns undefined for no limit: a stand-in has none unless it is said to */
export function requestsPerSecond(
  environment: StripeEnvironment & Pick<Environment, 'STRIPE_REQUESTS_PER_SECOND'>,
): number | undefined {
  const { STRIPE_REQUESTS_PER_SECOND: given, STRIPE_API_BASE } = environment;
  if (given !== undefined || STRIPE_API_BASE !== undefined) return given;
  return REQUESTS_PER_SECOND[isLiveMode(environment) ? 'live' : 'test'];
}

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
