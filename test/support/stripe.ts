import { accountIn } from '../../dev/start/stripe.js';
import { type LocalStripe, type LocalStripeOptions, startLocalStripe } from '../../dev/stripe/index.js';
import type { StripeAccess } from './server.js';

/** The Checkout Session whose page this is. */
export function sessionIn(checkoutUrl: string | null): string {
  const session = /\/pay\/(cs_\w+)/.exec(checkoutUrl ?? '')?.[1];
  if (session === undefined) throw new Error(`Not the page of a Checkout Session: ${checkoutUrl}`);
  return session;
}

/** A local Stripe for one test file, with the secrets under which it signs. */
export interface TestStripe extends LocalStripe {
  readonly access: StripeAccess;
  /** Registers a server's two webhook routes; one server of several is enough, as behind a load balancer. */
  notify(server: { readonly url: string }): Promise<void>;
  /** Does what a producer does on the pages of onboarding. */
  finishOnboarding(onboardingUrl: string): Promise<void>;
}

const WEBHOOK_SECRET = 'whsec_test_platform_endpoint';
const CONNECT_WEBHOOK_SECRET = 'whsec_test_connect_endpoint';

export async function startTestStripe(options: LocalStripeOptions = {}): Promise<TestStripe> {
  const stripe = await startLocalStripe(options);
  return {
    ...stripe,
    access: {
      url: stripe.url,
      secretKey: stripe.secretKey,
      webhookSecret: WEBHOOK_SECRET,
      connectWebhookSecret: CONNECT_WEBHOOK_SECRET,
    },
    async notify({ url }) {
      const endpoint = `${url}/webhooks/stripe`;
      await stripe.addWebhookEndpoint({ url: endpoint, secret: WEBHOOK_SECRET });
      await stripe.addWebhookEndpoint({
        url: `${endpoint}/connect`,
        secret: CONNECT_WEBHOOK_SECRET,
        connect: true,
      });
    },
    async finishOnboarding(onboardingUrl) {
      await stripe.completeOnboarding(accountIn(onboardingUrl));
    },
  };
}
