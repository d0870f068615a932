import { afterEach, expect, it } from '@jest/globals';
import { type LocalStripe, type RateLimits, startLocalStripe } from '../../dev/stripe/index.js';
import { clientOf, refusal, sessionParams } from './local-stripe-support.js';

/** So slow that a bucket does not fill again while a test runs. */
const ONE_AND_NO_MORE = 0.001;

let local: LocalStripe;
afterEach(() => local.close());

async function limited(rateLimits: RateLimits) {
  local = await startLocalStripe({ rateLimits });
  return clientOf(local);
}

it('answers 429 beyond the rate of the account, without Retry-After', async () => {
  const stripe = await limited({ perSecond: ONE_AND_NO_MORE });
  const session = await stripe.checkout.sessions.create(sessionParams());
  const refused = await refusal(stripe.checkout.sessions.retrieve(session.id));
  expect(refused).toMatchObject({ type: 'StripeRateLimitError', statusCode: 429, code: 'rate_limit' });
  expect(refused.headers).toMatchObject({ 'stripe-rate-limited-reason': 'global-rate' });
  expect(refused.headers).not.toHaveProperty('retry-after');
});

it('limits each endpoint, whichever object it is about, and does nothing beyond', async () => {
  const stripe = await limited({ perSecond: 1_000, perEndpoint: ONE_AND_NO_MORE });
  const first = await stripe.checkout.sessions.create(sessionParams());
  const refused = await refusal(stripe.checkout.sessions.create(sessionParams()));
  expect(refused.headers).toMatchObject({ 'stripe-rate-limited-reason': 'endpoint-rate' });
  await stripe.checkout.sessions.retrieve(first.id);
  expect((await refusal(stripe.checkout.sessions.retrieve('cs_test_another'))).statusCode).toBe(429);
  expect((await stripe.checkout.sessions.list()).data.map(({ id }) => id)).toEqual([first.id]);
});

it('lets as many through as the rate allows, and counts what it answered', async () => {
  const stripe = await limited({ perSecond: 5 });
  const answers = await Promise.allSettled(
    Array.from({ length: 50 }, () => stripe.checkout.sessions.create(sessionParams())),
  );
  const made = answers.filter(({ status }) => status === 'fulfilled').length;
  expect(made).toBeGreaterThanOrEqual(5);
  expect(made).toBeLessThan(50);
  const endpoint = { method: 'POST', endpoint: '/v1/checkout/sessions' };
  expect(await local.requestCounts()).toEqual(
    expect.arrayContaining([
      { ...endpoint, status: 200, count: made },
      { ...endpoint, status: 429, count: 50 - made },
    ]),
  );
});
