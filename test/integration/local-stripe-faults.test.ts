import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import {
  clientOf,
  openPlatform,
  type Platform,
  paidSession,
  refusal,
  sessionParams,
} from './local-stripe-support.js';

let platform: Platform;

beforeAll(async () => {
  platform = await openPlatform();
});

afterEach(() => platform.local.reset());
afterAll(() => platform.close());

const SESSIONS = { method: 'POST', path: '/v1/checkout/sessions' };

async function countSessions(): Promise<number> {
  return (await platform.stripe.checkout.sessions.list({ limit: 100 })).data.length;
}

it('answers 429 with Retry-After, so many times', async () => {
  await platform.local.faults.add({
    match: SESSIONS,
    kind: 'error',
    status: 429,
    retryAfterSeconds: 7,
    times: 2,
  });
  for (let n = 0; n < 2; n += 1) {
    const refused = await refusal(platform.stripe.checkout.sessions.create(sessionParams()));
    expect(refused).toMatchObject({ type: 'StripeRateLimitError', statusCode: 429, code: 'rate_limit' });
    expect(refused.headers?.['retry-after']).toBe('7');
  }
  expect(await countSessions()).toBe(0);
  await platform.stripe.checkout.sessions.create(sessionParams());
  expect(await countSessions()).toBe(1);
});

it('fails before the effect without using the key up', async () => {
  await platform.local.faults.add({ match: SESSIONS, kind: 'error', status: 503, times: 1 });
  const options = { idempotencyKey: 'k1' };
  expect(await refusal(platform.stripe.checkout.sessions.create(sessionParams(), options))).toMatchObject({
    type: 'StripeAPIError',
    statusCode: 503,
  });
  expect(await platform.stripe.checkout.sessions.create(sessionParams(), options)).toMatchObject({
    status: 'open',
  });
});

it('fails after the effect, and keeps answering that to the key', async () => {
  await platform.local.faults.add({ match: SESSIONS, kind: 'error', afterEffect: true, times: 1 });
  const options = { idempotencyKey: 'k1' };
  for (let n = 0; n < 2; n += 1) {
    const refused = await refusal(platform.stripe.checkout.sessions.create(sessionParams(), options));
    expect(refused).toMatchObject({ statusCode: 500, rawType: 'api_error' });
    expect(refused.headers?.['stripe-should-retry']).toBe('false');
  }
  expect(await countSessions()).toBe(1);
});

it('closes the connection before anything happens', async () => {
  // The client library retries a closed connection once, even with retries off.
  await platform.local.faults.add({ match: SESSIONS, kind: 'reset', times: 2 });
  expect(await refusal(platform.stripe.checkout.sessions.create(sessionParams()))).toMatchObject({
    type: 'StripeConnectionError',
  });
  expect(await countSessions()).toBe(0);
});

it('loses the reply after the effect; the retry gets the first result', async () => {
  const { chargeId } = await paidSession(platform);
  await platform.local.faults.add({ match: { path: '/v1/refunds' }, kind: 'reply-lost', times: 1 });
  const refund = await platform.stripe.refunds.create({ charge: chargeId, amount: 1000 });
  expect(refund.lastResponse.headers['idempotent-replayed']).toBe('true');
  const { data } = await platform.stripe.refunds.list({ charge: chargeId });
  expect(data.map((one) => one.id)).toEqual([refund.id]);
});

it('stalls until the client gives up, and then nothing happens', async () => {
  await platform.local.faults.add({ match: SESSIONS, kind: 'stall' });
  const hasty = clientOf(platform.local, { timeout: 50 });
  expect(await refusal(hasty.checkout.sessions.create(sessionParams()))).toMatchObject({
    type: 'StripeConnectionError',
    message: expect.stringContaining('timeout'),
  });
  await platform.local.requestsIdle();
  expect(await countSessions()).toBe(0);
});

it('stalls after the effect: the session exists though nobody was told', async () => {
  await platform.local.faults.add({ match: SESSIONS, kind: 'stall', afterEffect: true });
  const hasty = clientOf(platform.local, { timeout: 50 });
  await refusal(hasty.checkout.sessions.create(sessionParams(), { idempotencyKey: 'k1' }));
  await platform.local.requestsIdle();
  expect(await countSessions()).toBe(1);
  await platform.local.faults.clear();
  const again = await platform.stripe.checkout.sessions.create(sessionParams(), { idempotencyKey: 'k1' });
  expect(again.lastResponse.headers['idempotent-replayed']).toBe('true');
});

it('goes on as usual after a short stall', async () => {
  await platform.local.faults.add({ match: SESSIONS, kind: 'stall', stallMs: 5 });
  expect(await platform.stripe.checkout.sessions.create(sessionParams())).toMatchObject({ status: 'open' });
});

it('strikes only what matches, by method, start or expression', async () => {
  await platform.local.faults.add({ match: { method: 'get' }, kind: 'error' });
  await platform.local.faults.add({ match: { path: 'expire$' }, kind: 'error', status: 500 });
  const session = await platform.stripe.checkout.sessions.create(sessionParams());
  expect(await refusal(platform.stripe.checkout.sessions.expire(session.id))).toMatchObject({
    statusCode: 500,
  });
  expect(await refusal(platform.stripe.balance.retrieve())).toMatchObject({ statusCode: 500 });
  expect((await platform.local.faults.list()).map((fault) => fault.struck)).toEqual([1, 1]);
});

it('refuses faults that make no sense', async () => {
  await expect(platform.local.faults.add({ kind: 'error', status: 200 })).rejects.toThrow('error status');
  await expect(platform.local.faults.add({ kind: 'stall', stallMs: -1 })).rejects.toThrow('from 0 up');
  await expect(platform.local.faults.add({ kind: 'error', match: { path: '(' } })).rejects.toThrow(
    'expression',
  );
});
