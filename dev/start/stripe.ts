import { randomBytes } from 'node:crypto';
import { basename, join } from 'node:path';
import { preferPort } from '../ports.js';
import { startLocalStripe } from '../stripe/index.js';
import type { Instance } from './instance.js';
import { openLogFile } from './log-file.js';

const PORT_OFFSET = 10_000;

/** Where the server's payments go. */
export interface StripeBackend {
  readonly description: string;
  /** Names what it knows: a database made with one Stripe is of no use with another. */
  readonly id: string;
  /** What the server has to be told. */
  readonly env: NodeJS.ProcessEnv;
  /** Of the local one. */
  readonly url?: string;
  /** Does at once what a producer does on Stripe's onboarding pages. Only the local one allows that. */
  readonly finishOnboarding?: (url: string) => Promise<void>;
  stop(): Promise<void>;
}

/**
 * A local Stripe, or the real one when the environment has a key for it.
 *
 * @param isInUse whether a database belongs to the Stripe of this id. A local one whose database is gone starts empty:
 *   idempotency keys of the orders and producers that are gone would be answered with what those had.
 */
export async function startStripe(
  instance: Instance,
  isInUse: (id: string) => Promise<boolean>,
): Promise<StripeBackend> {
  if (process.env.STRIPE_SECRET_KEY) {
    return {
      description: 'the account of STRIPE_SECRET_KEY',
      id: 'stripe',
      env: {},
      stop: async () => undefined,
    };
  }
  const webhookSecret = newSecret();
  const connectWebhookSecret = newSecret();
  const stripe = await startLocalStripe({
    port: await preferPort(instance.port + PORT_OFFSET),
    webhookEndpoints: [
      { url: `${instance.localUrl}/webhooks/stripe`, secret: webhookSecret },
      { url: `${instance.localUrl}/webhooks/stripe/connect`, secret: connectWebhookSecret, connect: true },
    ],
    stateFile: join(instance.directory, 'stripe.json'),
    log: openLogFile(join(instance.directory, 'stripe.log')),
  });
  if (!(await isInUse(stripe.stateId))) await stripe.reset();
  const loss = stripe.setAside && `; its state was damaged and is now ${basename(stripe.setAside)}`;
  return {
    description: `a local one at ${stripe.url}${loss ?? ''}`,
    id: stripe.stateId,
    env: {
      STRIPE_API_BASE: stripe.url,
      STRIPE_SECRET_KEY: stripe.secretKey,
      STRIPE_WEBHOOK_SECRET: webhookSecret,
      STRIPE_CONNECT_WEBHOOK_SECRET: connectWebhookSecret,
    },
    url: stripe.url,
    finishOnboarding: async (url) => void (await stripe.completeOnboarding(accountIn(url))),
    stop: () => stripe.close(),
  };
}

function newSecret(): string {
  return `whsec_${randomBytes(24).toString('hex')}`;
}

/** The onboarding's address names the account, at Stripe as at the local one. */
export function accountIn(onboardingUrl: string): string {
  const [account] = /acct_\w+/.exec(onboardingUrl) ?? [];
  if (account === undefined) throw new Error(`No account is named in ${onboardingUrl}`);
  return account;
}
