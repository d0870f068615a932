import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import Stripe from 'stripe';
import { type LocalStripe, type LocalStripeOptions, startLocalStripe } from '../../dev/stripe/index.js';

export const PLATFORM_SECRET = 'whsec_platform';
export const CONNECT_SECRET = 'whsec_connect';

/** A platform as Stripe sees it: a key, two webhook endpoints, one producer that may be paid. */
export interface Platform {
  readonly local: LocalStripe;
  readonly stripe: Stripe;
  readonly platformHook: Hook;
  readonly connectHook: Hook;
  close(): Promise<void>;
}

/** A webhook endpoint that checks signatures with the `stripe` package and remembers what came. */
export interface Hook {
  readonly url: string;
  readonly events: Stripe.Event[];
  readonly rejected: string[];
  types(): string[];
  /** Called for the answer to each event; 200 where it is not set. */
  answer: (event: Stripe.Event) => number;
  close(): Promise<void>;
}

export async function openPlatform(options: LocalStripeOptions = {}): Promise<Platform> {
  const platformHook = await openHook(PLATFORM_SECRET);
  const connectHook = await openHook(CONNECT_SECRET);
  const local = await startLocalStripe({
    webhookRetryDelaysMs: [1, 1, 1],
    webhookEndpoints: [
      { url: platformHook.url, secret: PLATFORM_SECRET },
      { url: connectHook.url, secret: CONNECT_SECRET, connect: true },
    ],
    ...options,
  });
  return {
    local,
    stripe: clientOf(local),
    platformHook,
    connectHook,
    close: async () => {
      await Promise.all([local.close(), platformHook.close(), connectHook.close()]);
    },
  };
}

export function clientOf(
  local: Pick<LocalStripe, 'host' | 'port' | 'secretKey'>,
  settings: Partial<Stripe.StripeConfig> = {},
): Stripe {
  return new Stripe(local.secretKey, {
    host: local.host,
    port: local.port,
    protocol: 'http',
    maxNetworkRetries: 0,
    telemetry: false,
    ...settings,
  });
}

async function openHook(secret: string): Promise<Hook> {
  const server = createServer(async (request, response) => {
    const body = await text(request);
    try {
      const event = Stripe.webhooks.constructEvent(body, request.headers['stripe-signature']!, secret);
      hook.events.push(event);
      response.writeHead(hook.answer(event)).end();
    } catch (error) {
      hook.rejected.push(String(error));
      response.writeHead(400).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const hook: Hook = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    events: [],
    rejected: [],
    types: () => hook.events.map((event) => event.type),
    answer: () => 200,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return hook;
}

export async function payableAccount({ local, stripe }: Platform): Promise<Stripe.Account> {
  const account = await stripe.accounts.create({
    type: 'express',
    capabilities: { card_payments: { requested: true }, transfers: { requested: true } },
  });
  return local.completeOnboarding(account.id);
}

/** Two tickets at 25.00: 50.00 in all, 10 % of it the platform's. */
export function sessionParams(
  destination?: string,
  changes: Partial<Stripe.Checkout.SessionCreateParams> = {},
): Stripe.Checkout.SessionCreateParams {
  return {
    mode: 'payment',
    line_items: [
      {
        price_data: { currency: 'usd', unit_amount: 2500, product_data: { name: 'Stalls & <balcony>' } },
        quantity: 2,
      },
    ],
    success_url: 'http://127.0.0.1:9/success?session_id={CHECKOUT_SESSION_ID}',
    cancel_url: 'http://127.0.0.1:9/cancel',
    customer_email: 'buyer@example.org',
    client_reference_id: 'order-1',
    metadata: { order_id: 'order-1' },
    ...(destination === undefined
      ? {}
      : {
          payment_intent_data: {
            description: 'Order #AB12 for Hamlet',
            metadata: { order_id: 'order-1' },
            application_fee_amount: 500,
            transfer_data: { destination },
            transfer_group: 'order-1',
          },
        }),
    ...changes,
  };
}

/** A paid order to give money back from. */
export async function paidSession(
  platform: Platform,
  changes?: Partial<Stripe.Checkout.SessionCreateParams>,
) {
  const account = await payableAccount(platform);
  const session = await platform.stripe.checkout.sessions.create(sessionParams(account.id, changes));
  const paid = await platform.local.pay(session.id);
  const intent = await platform.stripe.paymentIntents.retrieve(paid.payment_intent as string);
  return { account, session: paid, intentId: intent.id, chargeId: intent.latest_charge as string };
}

/** What Stripe's client rejects with. */
export async function refusal(promise: Promise<unknown>): Promise<Stripe.errors.StripeError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof Stripe.errors.StripeError) return error;
  throw new Error(`expected Stripe to refuse, got ${String(error)}`);
}
