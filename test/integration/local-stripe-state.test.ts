import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Stage } from './local-stripe-state-support.js';
import { paidSession, payableAccount, refusal, sessionParams } from './local-stripe-support.js';

let stage: Stage;

beforeEach(() => {
  stage = new Stage();
});

afterEach(() => stage.close());

it('lets a session be paid that was made before a restart', async () => {
  const before = await stage.open();
  const account = await payableAccount(before);
  const session = await before.stripe.checkout.sessions.create(sessionParams(account.id));

  const after = await stage.restart(before);
  expect(await after.stripe.accounts.retrieve(account.id)).toMatchObject({ charges_enabled: true });
  expect(await after.local.pay(session.id)).toMatchObject({ status: 'complete', payment_status: 'paid' });
  const read = await after.stripe.checkout.sessions.retrieve(session.id, {
    expand: ['line_items', 'payment_intent.latest_charge.transfer'],
  });
  expect(read.line_items?.data).toMatchObject([{ amount_total: 5000, quantity: 2 }]);
  expect(read.payment_intent).toMatchObject({
    description: 'Order #AB12 for Hamlet',
    application_fee_amount: 500,
    latest_charge: { transfer: { amount: 5000, destination: account.id } },
  });
  await after.local.webhooks.idle();
  expect(after.platformHook.types()).toContain('checkout.session.completed');
});

it('lets a payment be refunded and disputed that was made before a restart', async () => {
  const before = await stage.open();
  const { chargeId } = await paidSession(before);
  await before.stripe.refunds.create({ charge: chargeId, amount: 1000, reverse_transfer: true });

  const after = await stage.restart(before);
  await after.stripe.refunds.create({ charge: chargeId, amount: 1500, reverse_transfer: true });
  const charge = await after.stripe.charges.retrieve(chargeId, { expand: ['refunds', 'transfer'] });
  const newestFirst = { data: [{ amount: 1500 }, { amount: 1000 }] };
  expect(charge).toMatchObject({ amount_refunded: 2500, refunds: newestFirst });
  expect(charge.transfer).toMatchObject({ amount_reversed: 2500, reversals: newestFirst });
  expect(await after.local.openDispute(chargeId)).toMatchObject({ amount: 2500 });
});

it('answers an idempotency key as before the restart', async () => {
  const before = await stage.open();
  const options = { idempotencyKey: 'order-1-1' };
  const first = await before.stripe.checkout.sessions.create(sessionParams(), options);
  const refund = { payment_intent: 'pi_unknown' };
  const refused = await refusal(before.stripe.refunds.create(refund, { idempotencyKey: 'refund-1' }));

  const { stripe } = await stage.restart(before);
  const again = await stripe.checkout.sessions.create(sessionParams(), options);
  expect(again).toEqual(first);
  expect(again.lastResponse.headers['idempotent-replayed']).toBe('true');
  expect((await stripe.checkout.sessions.list()).data).toHaveLength(1);
  const refusedAgain = await refusal(stripe.refunds.create(refund, { idempotencyKey: 'refund-1' }));
  expect(refusedAgain).toMatchObject({ message: refused.message, code: 'resource_missing' });
  expect(refusedAgain.headers?.['idempotent-replayed']).toBe('true');
  const otherwise = sessionParams(undefined, { client_reference_id: 'order-2' });
  expect(await refusal(stripe.checkout.sessions.create(otherwise, options))).toMatchObject({
    type: 'StripeIdempotencyError',
  });
});

it('keeps events, and does not send again what has arrived', async () => {
  const before = await stage.open();
  await paidSession(before);
  await before.local.webhooks.idle();
  const events = await before.local.events();
  const arrived = before.platformHook.events.length;

  const after = await stage.restart(before);
  expect(await after.local.events()).toEqual(events);
  expect((await after.stripe.events.list({ type: 'checkout.session.completed' })).data).toHaveLength(1);
  await after.local.webhooks.idle();
  expect(after.platformHook.events).toHaveLength(arrived);
});

it('sends the webhooks that had not arrived', async () => {
  const before = await stage.open();
  await before.local.webhooks.pause();
  await paidSession(before);
  const held = (await before.local.webhooks.held()).filter(({ account }) => account === undefined);
  const [first, ...others] = held.map(({ id }) => id);
  await before.local.webhooks.deliver([first!]);

  const after = await stage.restart(before);
  await after.local.webhooks.idle();
  expect(others.length).toBeGreaterThan(1);
  expect(after.platformHook.events.map(({ id }) => id).sort()).toEqual([first!, ...others].sort());
  expect(after.platformHook.rejected).toEqual([]);
  expect((await after.stripe.events.list({ delivery_success: false })).data).toEqual([]);
});

it('keeps what the control surface has switched, and who has disconnected', async () => {
  const before = await stage.open();
  const account = await payableAccount(before);
  const gone = await payableAccount(before);
  await before.local.deauthorize(gone.id);
  await before.local.holdRefunds(true);

  const after = await stage.killAndRestart(before);
  expect(await refusal(after.stripe.accounts.retrieve(gone.id))).toMatchObject({ code: 'account_invalid' });
  const session = await after.stripe.checkout.sessions.create(sessionParams(account.id));
  const { payment_intent } = await after.local.pay(session.id);
  const refund = await after.stripe.refunds.create({ payment_intent: payment_intent as string });
  expect(refund.status).toBe('pending');
});

it('has another state id after a reset, and the same one else', async () => {
  const first = await stage.open();
  const { stateId } = first.local;
  const second = await stage.restart(first);
  expect(second.local.stateId).toBe(stateId);
  await payableAccount(second);
  await second.local.reset();
  const third = await stage.killAndRestart(second);
  expect(third.local.stateId).toBe(second.local.stateId);
  expect(third.local.stateId).not.toBe(stateId);
  expect((await third.stripe.accounts.list()).data).toEqual([]);
});
