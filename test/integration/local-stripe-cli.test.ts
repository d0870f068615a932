import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type Stripe from 'stripe';
import { openPlatform, type Platform, sessionParams } from './local-stripe-support.js';

let platform: Platform;
let home: string;

beforeAll(async () => {
  platform = await openPlatform();
  home = mkdtempSync(join(tmpdir(), 'stripe-cli-'));
});

afterAll(async () => {
  await platform.close();
  rmSync(home, { recursive: true, force: true });
});

/** Stripe's command-line client, from `@stripe/cli`; with a home of its own, so that it finds nobody's login. */
function stripeClient(...words: string[]): Promise<string> {
  const packageFile = createRequire(import.meta.url).resolve('@stripe/cli/package.json');
  const client = join(packageFile, '../bin/shim.js');
  const options = ['--api-key', platform.local.secretKey, '--api-base', platform.local.url, '--color', 'off'];
  const env = { ...process.env, HOME: home, XDG_CONFIG_HOME: home, STRIPE_CLI_TELEMETRY_OPTOUT: '1' };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [client, ...words, ...options], { env }, (error, output, complaints) => {
      if (error === null) resolve(output);
      else reject(new Error(`stripe ${words.join(' ')}: ${output}${complaints}`));
    });
  });
}

/** The events that follow from what the client does, in their order. */
async function triggered(type: string): Promise<Stripe.Event[]> {
  const before = (await platform.local.events()).length;
  expect(await stripeClient('trigger', type)).toContain('Trigger succeeded!');
  await platform.local.webhooks.idle();
  return (await platform.local.events()).slice(before);
}

describe("Stripe's command-line client triggers", () => {
  it.each([
    [
      'checkout.session.completed',
      'checkout.session.completed',
      { status: 'complete', payment_status: 'paid' },
    ],
    ['checkout.session.expired', 'checkout.session.expired', { status: 'expired', payment_status: 'unpaid' }],
    [
      'checkout.session.async_payment_succeeded',
      'checkout.session.async_payment_succeeded',
      { status: 'complete', payment_status: 'paid', amount_total: 3000, currency: 'eur' },
    ],
    [
      'checkout.session.async_payment_failed',
      'checkout.session.async_payment_failed',
      { status: 'complete', payment_status: 'unpaid' },
    ],
    ['payment_intent.succeeded', 'payment_intent.succeeded', { amount_received: 2000, status: 'succeeded' }],
    [
      'payment_intent.payment_failed',
      'payment_intent.payment_failed',
      { last_payment_error: { code: 'card_declined' }, status: 'requires_payment_method' },
    ],
    ['payment_intent.canceled', 'payment_intent.canceled', { status: 'canceled' }],
    ['charge.refunded', 'charge.refunded', { amount_refunded: 100, refunded: true }],
    ['charge.refund.updated', 'charge.refund.updated', { metadata: { order_id: '6735' } }],
    ['charge.dispute.created', 'charge.dispute.created', { amount: 100, status: 'warning_needs_response' }],
    ['charge.dispute.updated', 'charge.dispute.updated', { metadata: { foo: 'bar' } }],
    ['charge.dispute.closed', 'charge.dispute.closed', { status: 'warning_closed' }],
    ['product.updated', 'product.updated', { object: 'product' }],
  ])('%s', async (wanted, type, subject) => {
    const events = await triggered(wanted);
    const event = events.find((one) => one.type === type);
    expect(event?.data.object).toMatchObject(subject);
    expect(platform.platformHook.events).toContainEqual(expect.objectContaining({ id: event!.id }));
  });

  it.each(['account.updated', 'account.application.deauthorized'])(
    '%s, which only the Connect endpoint is told of',
    async (type) => {
      const [event] = (await triggered(type)).filter((one) => one.type === type);
      expect(event?.account).toMatch(/^acct_/);
      const told = expect.objectContaining({ id: event!.id });
      expect(platform.connectHook.events).toContainEqual(told);
      expect(platform.platformHook.events).not.toContainEqual(told);
    },
  );

  it('delayed payments as events that follow one another', async () => {
    const events = await triggered('checkout.session.async_payment_succeeded');
    const sessions = events.filter((event) => event.type.startsWith('checkout.'));
    expect(
      sessions.map(({ type, data }) => [type, (data.object as Stripe.Checkout.Session).payment_status]),
    ).toEqual([
      ['checkout.session.completed', 'unpaid'],
      ['checkout.session.async_payment_succeeded', 'paid'],
    ]);
  });
});

describe("Stripe's command-line client", () => {
  it('reads and changes what is there', async () => {
    const session = await platform.stripe.checkout.sessions.create(sessionParams());
    const shown = await stripeClient('checkout', 'sessions', 'retrieve', session.id);
    expect(JSON.parse(shown)).toMatchObject({ id: session.id, amount_total: 5000, status: 'open' });
    await stripeClient('checkout', 'sessions', 'expire', session.id);
    expect(await platform.stripe.checkout.sessions.retrieve(session.id)).toMatchObject({ status: 'expired' });
  });

  it('sends an event again to one webhook endpoint', async () => {
    const session = await platform.stripe.checkout.sessions.create(sessionParams());
    await platform.local.expireSession(session.id);
    await platform.local.webhooks.idle();
    const event = platform.platformHook.events.at(-1)!;
    const endpoints = await platform.stripe.webhookEndpoints.list();
    const endpoint = endpoints.data.find(({ url }) => url === platform.platformHook.url)!;
    await stripeClient('events', 'resend', event.id, '--webhook-endpoint', endpoint.id);
    await platform.local.webhooks.idle();
    expect(platform.platformHook.events.filter(({ id }) => id === event.id)).toHaveLength(2);
    expect(platform.platformHook.rejected).toEqual([]);
  });

  it('is told what is wrong', async () => {
    const answer = await stripeClient('checkout', 'sessions', 'expire', 'cs_test_none');
    expect(JSON.parse(answer)).toMatchObject({ error: { code: 'resource_missing', param: 'session' } });
  });
});
