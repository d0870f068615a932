import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type Stripe from 'stripe';
import {
  openPlatform,
  type Platform,
  paidSession,
  payableAccount,
  sessionParams,
} from './local-stripe-support.js';

let platform: Platform;

beforeEach(async () => {
  platform = await openPlatform();
});

afterEach(async () => {
  expect([...platform.platformHook.rejected, ...platform.connectHook.rejected]).toEqual([]);
  await platform.close();
});

async function heldEvents(): Promise<Stripe.Event[]> {
  await platform.local.webhooks.pause();
  await paidSession(platform, { payment_intent_data: {} });
  const held = await platform.local.webhooks.held();
  return held.filter((event) => event.account === undefined);
}

describe('webhooks of the local Stripe', () => {
  it('come again until they are answered 2xx', async () => {
    let refusals = 2;
    platform.platformHook.answer = () => (refusals-- > 0 ? 500 : 204);
    const session = await platform.stripe.checkout.sessions.create(sessionParams());
    await platform.stripe.checkout.sessions.expire(session.id);
    await platform.local.webhooks.idle();
    const [event] = platform.platformHook.events;
    expect(platform.platformHook.events.map((one) => one.id)).toEqual([event!.id, event!.id, event!.id]);
    const attempts = await platform.local.webhooks.attempts({ eventId: event!.id });
    expect(attempts.map(({ attempt, status, delivered }) => [attempt, status, delivered])).toEqual([
      [1, 500, false],
      [2, 500, false],
      [3, 204, true],
    ]);
  });

  it('are given up after the last retry and stay marked as undelivered', async () => {
    platform.platformHook.answer = () => 500;
    const session = await platform.stripe.checkout.sessions.create(sessionParams());
    await platform.stripe.checkout.sessions.expire(session.id);
    await platform.local.webhooks.idle();
    expect(platform.platformHook.events).toHaveLength(4);
    const undelivered = await platform.stripe.events.list({ delivery_success: false });
    expect(undelivered.data.map((event) => event.type)).toEqual(['checkout.session.expired']);

    platform.platformHook.answer = () => 200;
    await platform.local.webhooks.redeliver(undelivered.data[0]!.id);
    expect((await platform.stripe.events.list({ delivery_success: false })).data).toEqual([]);
  });

  it('reach nobody and are tried again when the endpoint is down', async () => {
    await platform.local.addWebhookEndpoint({
      url: 'http://127.0.0.1:1/',
      events: ['checkout.session.expired'],
    });
    const session = await platform.stripe.checkout.sessions.create(sessionParams());
    await platform.stripe.checkout.sessions.expire(session.id);
    await platform.local.webhooks.idle();
    const attempts = await platform.local.webhooks.attempts();
    const failed = attempts.filter((attempt) => attempt.url === 'http://127.0.0.1:1/');
    expect(failed.map((attempt) => attempt.attempt)).toEqual([1, 2, 3, 4]);
    expect(failed.every((attempt) => attempt.status === null && attempt.error !== null)).toBe(true);
    expect(platform.platformHook.events).toHaveLength(1);
  });

  it('wait while paused and are sent in the order that is asked for', async () => {
    const held = await heldEvents();
    const ids = held.map((event) => event.id);
    expect(platform.platformHook.events).toEqual([]);
    const shuffled = [ids[2]!, ids[0]!, ids[1]!, ids[0]!];
    await platform.local.webhooks.deliver(shuffled);
    expect(platform.platformHook.events.map((event) => event.id)).toEqual(shuffled);
    await platform.local.webhooks.resume('reversed');
    await platform.local.webhooks.idle();
    expect(new Set(platform.platformHook.events.slice(4).map((event) => event.id))).toEqual(
      new Set(ids.slice(3)),
    );
  });

  it('can be lost for good', async () => {
    await heldEvents();
    expect(await platform.local.webhooks.discardHeld()).toBeGreaterThan(0);
    await platform.local.webhooks.resume();
    await platform.local.webhooks.idle();
    expect(platform.platformHook.events).toEqual([]);
    expect((await platform.stripe.events.list({ limit: 100 })).data.length).toBeGreaterThan(0);
  });

  it('can be repeated at once, and all doubled', async () => {
    const session = await platform.stripe.checkout.sessions.create(sessionParams());
    await platform.local.webhooks.duplicate(2);
    await platform.stripe.checkout.sessions.expire(session.id);
    await platform.local.webhooks.idle();
    expect(platform.platformHook.types()).toEqual(['checkout.session.expired', 'checkout.session.expired']);
    const attempts = await platform.local.webhooks.redeliver(platform.platformHook.events[0]!.id, 50);
    expect(attempts.filter((attempt) => attempt.delivered)).toHaveLength(50);
    expect(platform.platformHook.events).toHaveLength(52);
  });

  it('name the request that caused them', async () => {
    const session = await platform.stripe.checkout.sessions.create(sessionParams());
    const expired = await platform.stripe.checkout.sessions.expire(
      session.id,
      {},
      { idempotencyKey: 'end-1' },
    );
    const [event] = (await platform.stripe.events.list({ type: 'checkout.session.*' })).data;
    expect(event?.request).toEqual({ id: expired.lastResponse.requestId, idempotency_key: 'end-1' });
  });

  it('go to endpoints that are registered through the API, signed with their secret', async () => {
    const endpoint = await platform.stripe.webhookEndpoints.create({
      url: platform.platformHook.url,
      enabled_events: ['checkout.session.expired'],
    });
    expect(endpoint.secret).toMatch(/^whsec_/);
    const session = await platform.stripe.checkout.sessions.create(sessionParams());
    await platform.stripe.checkout.sessions.expire(session.id);
    await platform.local.webhooks.idle();
    // The receiver knows only the first secret: what the second signs is no event to it.
    expect(platform.platformHook.events).toHaveLength(1);
    expect(platform.platformHook.rejected.splice(0)).toHaveLength(4);
    await platform.stripe.webhookEndpoints.del(endpoint.id);
    expect((await platform.stripe.webhookEndpoints.list()).data).toHaveLength(2);
  });
});

describe('Connect', () => {
  it('onboards an account and tells the Connect endpoint alone', async () => {
    const account = await platform.stripe.accounts.create({ type: 'express', email: 'box@example.org' });
    expect(account).toMatchObject({
      type: 'express',
      charges_enabled: false,
      payouts_enabled: false,
      details_submitted: false,
      capabilities: { card_payments: 'inactive', transfers: 'inactive' },
      requirements: { disabled_reason: 'requirements.past_due' },
    });
    await platform.local.completeOnboarding(account.id);
    expect(await platform.stripe.accounts.retrieve(account.id)).toMatchObject({
      charges_enabled: true,
      payouts_enabled: true,
      details_submitted: true,
      capabilities: { card_payments: 'active', transfers: 'active' },
      requirements: { currently_due: [], disabled_reason: null },
    });
    await platform.local.webhooks.idle();
    expect(platform.platformHook.events).toEqual([]);
    expect(platform.connectHook.types().sort()).toEqual([
      'account.updated',
      'capability.updated',
      'capability.updated',
    ]);
    expect(platform.connectHook.events.every((event) => event.account === account.id)).toBe(true);
  });

  it('stops and restores charges', async () => {
    const account = await payableAccount(platform);
    expect(await platform.local.disableCharges(account.id)).toMatchObject({ charges_enabled: false });
    expect(await platform.local.enableCharges(account.id)).toMatchObject({ charges_enabled: true });
    expect(await platform.local.setAccountCapabilities(account.id, { transfers: 'pending' })).toMatchObject({
      charges_enabled: true,
      capabilities: { card_payments: 'active', transfers: 'pending' },
    });
  });

  it('loses an account that disconnects', async () => {
    const account = await payableAccount(platform);
    await platform.local.deauthorize(account.id);
    await expect(platform.stripe.accounts.retrieve(account.id)).rejects.toMatchObject({
      type: 'StripePermissionError',
      code: 'account_invalid',
      statusCode: 403,
    });
    await platform.local.webhooks.idle();
    const event = platform.connectHook.events.find((one) => one.type === 'account.application.deauthorized');
    expect(event).toMatchObject({ account: account.id, data: { object: { object: 'application' } } });
  });

  it('gives login links to onboarded accounts only', async () => {
    const account = await platform.stripe.accounts.create({ type: 'express' });
    await expect(platform.stripe.accounts.createLoginLink(account.id)).rejects.toMatchObject({
      statusCode: 400,
    });
    await platform.local.completeOnboarding(account.id);
    const link = await platform.stripe.accounts.createLoginLink(account.id);
    expect((await fetch(link.url)).status).toBe(200);
  });
});
