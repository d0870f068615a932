import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type Stripe from 'stripe';
import {
  openPlatform,
  type Platform,
  payableAccount,
  refusal,
  sessionParams,
} from './local-stripe-support.js';

let platform: Platform;
let stripe: Stripe;

beforeAll(async () => {
  platform = await openPlatform();
  stripe = platform.stripe;
});

afterAll(() => platform.close());

describe('the rules of a Checkout Session', () => {
  const minutes = (count: number) => Math.floor(Date.now() / 1000) + count * 60;

  it.each([
    [29, 'The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.'],
    [24 * 60 + 1, 'The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.'],
  ])('lives 30 minutes to 24 hours: %d minutes', async (length, message) => {
    const refused = await refusal(
      stripe.checkout.sessions.create(sessionParams(undefined, { expires_at: minutes(length) })),
    );
    expect(refused).toMatchObject({ param: 'expires_at', message });
  });

  it.each([
    ['usd', 49, 'amount_too_small'],
    ['gbp', 29, 'amount_too_small'],
    ['jpy', 49, 'amount_too_small'],
    ['usd', 100_000_000, 'amount_too_large'],
    ['kwd', 12_345, undefined],
    ['isk', 12_350, undefined],
    ['ugx', 12_310, undefined],
    ['krw', 49, 'amount_too_small'],
    ['inr', 1_000_000_000, 'amount_too_large'],
    ['xxx', 5000, undefined],
  ])('refuses %s %d', async (currency, amount, code) => {
    const refused = await refusal(
      stripe.checkout.sessions.create(
        sessionParams(undefined, {
          line_items: [
            { price_data: { currency, unit_amount: amount, product_data: { name: 'Seat' } }, quantity: 1 },
          ],
        }),
      ),
    );
    expect(refused.statusCode).toBe(400);
    expect(refused.code).toBe(code);
  });

  it.each([
    ['usd', 50],
    ['gbp', 30],
    ['jpy', 50],
    ['kwd', 12_340],
    ['isk', 12_300],
    ['ugx', 12_300],
    ['inr', 999_999_999],
    ['idr', 999_999_999_999],
  ])('takes %s %d', async (currency, amount) => {
    const session = await stripe.checkout.sessions.create(
      sessionParams(undefined, {
        line_items: [
          { price_data: { currency, unit_amount: amount, product_data: { name: 'Seat' } }, quantity: 1 },
        ],
      }),
    );
    expect(session).toMatchObject({ amount_total: amount, currency });
  });

  it('has one currency', async () => {
    const [usd] = sessionParams().line_items!;
    const eur = { ...usd, price_data: { ...usd!.price_data!, currency: 'eur' } };
    const refused = await refusal(
      stripe.checkout.sessions.create(sessionParams(undefined, { line_items: [usd!, eur] })),
    );
    expect(refused.param).toBe('line_items');
  });

  it('pays only accounts that may receive transfers', async () => {
    const raw = await stripe.accounts.create({ type: 'express' });
    expect(await refusal(stripe.checkout.sessions.create(sessionParams(raw.id)))).toMatchObject({
      statusCode: 400,
      code: 'insufficient_capabilities_for_transfer',
    });
    expect(await refusal(stripe.checkout.sessions.create(sessionParams('acct_none')))).toMatchObject({
      code: 'resource_missing',
      param: 'payment_intent_data[transfer_data][destination]',
    });
  });

  it('caps the application fee at what was paid', async () => {
    const account = await payableAccount(platform);
    const session = await stripe.checkout.sessions.create(
      sessionParams(account.id, {
        payment_intent_data: { application_fee_amount: 9999, transfer_data: { destination: account.id } },
      }),
    );
    const paid = await platform.local.pay(session.id);
    const { data } = await stripe.charges.list({
      payment_intent: paid.payment_intent as string,
      expand: ['data.application_fee'],
    });
    expect(data[0]!.application_fee).toMatchObject({ amount: 5000 });
  });
});
