import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import Stripe from 'stripe';
import {
  clientOf,
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

function post(path: string, body: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${platform.local.url}${path}`, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${platform.local.secretKey}`,
      'Content-Type': 'application/x-www-form-urlencoded',
      ...headers,
    },
    body,
  });
}

describe('who may call', () => {
  it('refuses a wrong key and no key with 401', async () => {
    const wrong = new Stripe('sk_test_somebody_else', {
      host: platform.local.host,
      port: platform.local.port,
      protocol: 'http',
    });
    expect(await refusal(wrong.balance.retrieve())).toMatchObject({
      statusCode: 401,
      type: 'StripeAuthenticationError',
      message: 'Invalid API Key provided: sk_test_*********else',
    });
    const none = await fetch(`${platform.local.url}/v1/balance`);
    expect(none.status).toBe(401);
    expect(await none.json()).toMatchObject({ error: { type: 'invalid_request_error' } });
  });

  it('takes the key as the user name of Basic authentication too', async () => {
    const basic = Buffer.from(`${platform.local.secretKey}:`).toString('base64');
    const answer = await fetch(`${platform.local.url}/v1/balance`, {
      headers: { Authorization: `Basic ${basic}` },
    });
    expect(answer.status).toBe(200);
  });

  it('answers with the request id and the version it was asked for', async () => {
    const answer = await fetch(`${platform.local.url}/v1/balance`, {
      headers: { Authorization: `Bearer ${platform.local.secretKey}`, 'Stripe-Version': '2024-06-20' },
    });
    expect(answer.headers.get('request-id')).toMatch(/^req_/);
    expect(answer.headers.get('stripe-version')).toBe('2024-06-20');
    const { lastResponse } = await stripe.balance.retrieve();
    expect(lastResponse.apiVersion).toBe(Stripe.API_VERSION);
  });

  it('says that it keeps nothing for connected accounts', async () => {
    const account = await payableAccount(platform);
    const refused = await refusal(
      stripe.checkout.sessions.create(sessionParams(), { stripeAccount: account.id }),
    );
    expect(refused).toMatchObject({ statusCode: 403 });
    expect(refused.message).toContain('without Stripe-Account');
  });
});

describe('what is refused, in the words of Stripe', () => {
  it('unknown URLs', async () => {
    const answer = await post('/v1/unicorns', '');
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({
      error: {
        type: 'invalid_request_error',
        message: expect.stringContaining('Unrecognized request URL (POST: /v1/unicorns)'),
      },
    });
  });

  it.each([
    ['colour=red', 'parameter_unknown', 'colour'],
    ['metadata[a]=1', 'parameter_missing', 'line_items'],
    [
      'line_items[0][price_data][currency]=usd',
      'parameter_missing',
      'line_items[0][price_data][unit_amount]',
    ],
    [
      'line_items[0][quantity]=two&line_items[0][price_data][currency]=usd&line_items[0][price_data][unit_amount]=1&line_items[0][price_data][product_data][name]=x',
      'parameter_invalid_integer',
      'line_items[0][quantity]',
    ],
    ['success_url=', 'parameter_missing', 'line_items'],
    ['line_items=x', undefined, 'line_items'],
    ['mode[a]=1&mode=payment', undefined, 'mode'],
    ['mode[=1', undefined, 'mode['],
  ])('parameters: %s', async (body, code, param) => {
    const answer = await post('/v1/checkout/sessions', body);
    expect(answer.status).toBe(400);
    const { error } = (await answer.json()) as { error: Record<string, string> };
    expect(error).toMatchObject({ type: 'invalid_request_error', param });
    expect(error.code).toBe(code);
    expect(error.request_log_url).toContain(answer.headers.get('request-id')!);
  });

  it('empty strings where nothing can be unset', async () => {
    const refused = await refusal(
      stripe.checkout.sessions.create({ ...sessionParams(), client_reference_id: '' }),
    );
    expect(refused).toMatchObject({ code: 'parameter_invalid_empty', param: 'client_reference_id' });
  });

  it('ids that name nothing: 404 in a path, 400 in a parameter', async () => {
    expect(await refusal(stripe.checkout.sessions.retrieve('cs_test_none'))).toMatchObject({
      statusCode: 404,
      code: 'resource_missing',
      message: "No such checkout.session: 'cs_test_none'",
    });
    expect(await refusal(stripe.refunds.create({ payment_intent: 'pi_none' }))).toMatchObject({
      statusCode: 400,
      code: 'resource_missing',
      param: 'payment_intent',
    });
  });

  it('properties that cannot be expanded', async () => {
    const session = await stripe.checkout.sessions.create(sessionParams());
    const refused = await refusal(stripe.checkout.sessions.retrieve(session.id, { expand: ['livemode.x'] }));
    expect(refused.message).toBe('This property cannot be expanded (livemode.x).');
  });

  it('too much metadata', async () => {
    const many = Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`key${n}`, 'v']));
    for (const metadata of [many, { ['k'.repeat(41)]: 'v' }, { k: 'v'.repeat(501) }]) {
      expect(await refusal(stripe.checkout.sessions.create({ ...sessionParams(), metadata }))).toMatchObject({
        statusCode: 400,
      });
    }
  });
});

describe('lists', () => {
  it('page through sessions newest first, in both directions', async () => {
    const made: string[] = [];
    for (let n = 0; n < 5; n += 1) {
      const params = sessionParams(undefined, { customer_email: 'pager@example.org' });
      made.unshift((await stripe.checkout.sessions.create(params)).id);
    }
    const filter = { customer_details: { email: 'pager@example.org' }, limit: 2 };
    const first = await stripe.checkout.sessions.list(filter);
    expect(first.data.map((one) => one.id)).toEqual(made.slice(0, 2));
    expect(first.has_more).toBe(true);
    const second = await stripe.checkout.sessions.list({ ...filter, starting_after: made[1]! });
    expect(second.data.map((one) => one.id)).toEqual(made.slice(2, 4));
    const back = await stripe.checkout.sessions.list({ ...filter, ending_before: made[3]! });
    expect(back.data.map((one) => one.id)).toEqual(made.slice(1, 3));
    const all: string[] = [];
    for await (const one of stripe.checkout.sessions.list(filter)) all.push(one.id);
    expect(all).toEqual(made);
  });

  it('find a session by its PaymentIntent and by its status', async () => {
    const session = await stripe.checkout.sessions.create(sessionParams());
    const paid = await platform.local.pay(session.id);
    const found = await stripe.checkout.sessions.list({ payment_intent: paid.payment_intent as string });
    expect(found.data.map((one) => one.id)).toEqual([session.id]);
    const complete = await stripe.checkout.sessions.list({ status: 'complete', limit: 100 });
    expect(complete.data.map((one) => one.id)).toContain(session.id);
    expect(complete.data.every((one) => one.status === 'complete')).toBe(true);
  });

  it('give events by type and time, not those of connected accounts', async () => {
    const before = Math.floor(Date.now() / 1000);
    const session = await stripe.checkout.sessions.create(sessionParams());
    await platform.local.pay(session.id);
    const account = await payableAccount(platform);
    const types = ['checkout.session.completed', 'account.updated'];
    const { data } = await stripe.events.list({ types, created: { gte: before }, limit: 100 });
    expect(data[0]).toMatchObject({
      type: 'checkout.session.completed',
      data: { object: { id: session.id } },
    });
    expect(data.every((event) => event.type === 'checkout.session.completed')).toBe(true);
    const theirs = await stripe.events.list({ types }, { stripeAccount: account.id });
    expect(theirs.data[0]).toMatchObject({ type: 'account.updated', account: account.id });
    expect((await stripe.events.list({ created: { lt: 1 } })).data).toEqual([]);
  });
});

describe('the client library', () => {
  it('works with retries and telemetry on, as an application has them', async () => {
    const plain = clientOf(platform.local, { maxNetworkRetries: 2, telemetry: true });
    const session = await plain.checkout.sessions.create(sessionParams());
    expect((await plain.checkout.sessions.listLineItems(session.id)).data).toHaveLength(1);
  });
});
