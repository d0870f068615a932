import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { openPlatform, type Platform, paidSession, refusal, sessionParams } from './local-stripe-support.js';

let platform: Platform;

beforeAll(async () => {
  platform = await openPlatform();
});

afterAll(() => platform.close());

async function countSessions(): Promise<number> {
  return (await platform.stripe.checkout.sessions.list({ limit: 100 })).data.length;
}

it('replays the first result of a key and says so', async () => {
  const before = await countSessions();
  const first = await platform.stripe.checkout.sessions.create(sessionParams(), {
    idempotencyKey: 'order-1-1',
  });
  const again = await platform.stripe.checkout.sessions.create(sessionParams(), {
    idempotencyKey: 'order-1-1',
  });
  expect(again).toEqual(first);
  expect(again.lastResponse.headers['idempotent-replayed']).toBe('true');
  expect(again.lastResponse.headers['original-request']).toBe(first.lastResponse.requestId);
  expect(first.lastResponse.headers['idempotent-replayed']).toBeUndefined();
  expect(await countSessions()).toBe(before + 1);
  const [logged] = (await platform.local.requests({ method: 'POST', path: '/v1/checkout/sessions' })).slice(
    -1,
  );
  expect(logged).toMatchObject({ idempotencyKey: 'order-1-1', status: 200, replayed: true });
});

it('replays the object as it was, not as it has become', async () => {
  const options = { idempotencyKey: 'order-1-snapshot' };
  const first = await platform.stripe.checkout.sessions.create(sessionParams(), options);
  await platform.local.pay(first.id);
  const again = await platform.stripe.checkout.sessions.create(sessionParams(), options);
  expect(again.status).toBe('open');
});

it('refuses a key that was used with other parameters or another endpoint', async () => {
  const options = { idempotencyKey: 'order-2-1' };
  await platform.stripe.checkout.sessions.create(sessionParams(), options);
  const otherwise = sessionParams(undefined, { client_reference_id: 'order-2' });
  expect(await refusal(platform.stripe.checkout.sessions.create(otherwise, options))).toMatchObject({
    statusCode: 400,
    type: 'StripeIdempotencyError',
    message:
      "Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than 'order-2-1' if you meant to execute a different request.",
  });
  expect(await refusal(platform.stripe.accounts.create({ type: 'express' }, options))).toMatchObject({
    type: 'StripeIdempotencyError',
  });
});

it('replays errors of the execution', async () => {
  const { chargeId } = await paidSession(platform);
  await platform.stripe.refunds.create({ charge: chargeId });
  const options = { idempotencyKey: 'refund-twice' };
  const first = await refusal(platform.stripe.refunds.create({ charge: chargeId }, options));
  const again = await refusal(platform.stripe.refunds.create({ charge: chargeId }, options));
  expect(first.code).toBe('charge_already_refunded');
  expect(again).toMatchObject({ code: 'charge_already_refunded', requestId: expect.stringMatching(/^req_/) });
  expect(again.headers?.['idempotent-replayed']).toBe('true');
});

it('does not use a key up for parameters that are malformed', async () => {
  const options = { idempotencyKey: 'order-3-1' };
  const malformed = { ...sessionParams(), mode: 'barter' };
  await refusal(platform.stripe.checkout.sessions.create(malformed, options));
  const session = await platform.stripe.checkout.sessions.create(sessionParams(), options);
  expect(session.status).toBe('open');
});

it('answers 409 while the first request with a key is still running', async () => {
  const stall = await platform.local.faults.add({ match: { method: 'POST' }, kind: 'stall', times: 1 });
  const options = { idempotencyKey: 'order-4-1' };
  const running = platform.stripe.checkout.sessions.create(sessionParams(), options);
  await platform.local.faults.whenStruck(stall.id);
  expect(await refusal(platform.stripe.checkout.sessions.create(sessionParams(), options))).toMatchObject({
    statusCode: 409,
    code: 'idempotency_key_in_use',
  });
  await platform.local.faults.clear();
  const session = await running;
  const again = await platform.stripe.checkout.sessions.create(sessionParams(), options);
  expect(again.id).toBe(session.id);
});
