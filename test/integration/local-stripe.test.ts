import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  openPlatform,
  type Platform,
  paidSession,
  payableAccount,
  refusal,
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

describe('a checkout at the local Stripe', () => {
  it('opens a session without a PaymentIntent, as versions since 2022-08-01 do', async () => {
    const account = await payableAccount(platform);
    const session = await platform.stripe.checkout.sessions.create(sessionParams(account.id));
    expect(session).toMatchObject({
      object: 'checkout.session',
      amount_total: 5000,
      currency: 'usd',
      status: 'open',
      payment_status: 'unpaid',
      payment_intent: null,
      client_reference_id: 'order-1',
      metadata: { order_id: 'order-1' },
      livemode: false,
    });
    expect(session.id).toMatch(/^cs_test_/);
    expect(session.url).toBe(`${platform.local.url}/pay/${session.id}`);
    expect(session.expires_at - session.created).toBe(24 * 60 * 60);
  });

  it('collects the money, sends it on and keeps the fee', async () => {
    const { account, session, intentId } = await paidSession(platform);
    expect(session).toMatchObject({ status: 'complete', payment_status: 'paid', url: null });

    const read = await platform.stripe.checkout.sessions.retrieve(session.id, {
      expand: [
        'line_items',
        'payment_intent.latest_charge.transfer',
        'payment_intent.latest_charge.application_fee',
      ],
    });
    expect(read.line_items?.data[0]).toMatchObject({ description: 'Stalls & <balcony>', quantity: 2 });
    expect(read.payment_intent).toMatchObject({
      id: intentId,
      amount: 5000,
      amount_received: 5000,
      status: 'succeeded',
      description: 'Order #AB12 for Hamlet',
      metadata: { order_id: 'order-1' },
      transfer_group: 'order-1',
      latest_charge: {
        amount: 5000,
        paid: true,
        captured: true,
        metadata: { order_id: 'order-1' },
        billing_details: { email: 'buyer@example.org' },
        transfer: { amount: 5000, destination: account.id, transfer_group: 'order-1', metadata: {} },
        application_fee: { amount: 500, account: account.id },
      },
    });
  });

  it('tells the platform of it with signed events', async () => {
    const { session, chargeId } = await paidSession(platform);
    await platform.local.webhooks.idle();
    expect(platform.platformHook.types().sort()).toEqual([
      'application_fee.created',
      'charge.succeeded',
      'charge.updated',
      'checkout.session.completed',
      'payment_intent.created',
      'payment_intent.succeeded',
      'transfer.created',
    ]);
    const completed = platform.platformHook.events.find(
      (event) => event.type === 'checkout.session.completed',
    );
    expect(completed).toMatchObject({ object: 'event', livemode: false, pending_webhooks: 1 });
    expect(completed?.data.object).toMatchObject({ id: session.id, payment_status: 'paid' });
    expect(await platform.stripe.events.retrieve(completed!.id)).toMatchObject({ pending_webhooks: 0 });
    // Asynchronous capture: the first event knows of no transfer yet, the later one does.
    const succeeded = platform.platformHook.events.find((event) => event.type === 'charge.succeeded');
    const updated = platform.platformHook.events.find((event) => event.type === 'charge.updated');
    expect(succeeded?.data.object).toMatchObject({ id: chargeId, balance_transaction: null });
    expect(succeeded?.data.object).not.toHaveProperty('transfer');
    expect(updated?.data.object).toMatchObject({ id: chargeId, transfer: expect.stringMatching(/^tr_/) });
  });

  it('lets the transfer carry the order, once it is there', async () => {
    const account = await payableAccount(platform);
    const session = await platform.stripe.checkout.sessions.create(sessionParams(account.id));
    const paid = await platform.local.pay(session.id, { settle: 'later' });
    const intent = await platform.stripe.paymentIntents.retrieve(paid.payment_intent as string);
    const none = await platform.stripe.transfers.list({ transfer_group: 'order-1' });
    expect(none.data).toEqual([]);

    await platform.local.settleCharge(intent.latest_charge as string);
    const some = await platform.stripe.transfers.list({ transfer_group: 'order-1' });
    const [transfer] = some.data;
    await platform.stripe.transfers.update(transfer!.id, {
      description: 'Order #AB12 for Hamlet',
      metadata: { order_id: 'order-1' },
    });
    expect(await platform.stripe.transfers.retrieve(transfer!.id)).toMatchObject({
      source_transaction: intent.latest_charge,
      description: 'Order #AB12 for Hamlet',
      metadata: { order_id: 'order-1' },
    });
  });

  it('stays open after a declined card and can be paid then, on the same PaymentIntent', async () => {
    const session = await platform.stripe.checkout.sessions.create(sessionParams());
    const declined = await platform.local.decline(session.id, { declineCode: 'insufficient_funds' });
    expect(declined).toMatchObject({ status: 'open', payment_status: 'unpaid', url: session.url });
    const intent = await platform.stripe.paymentIntents.retrieve(declined.payment_intent as string);
    expect(intent).toMatchObject({
      status: 'requires_payment_method',
      last_payment_error: { code: 'card_declined', decline_code: 'insufficient_funds' },
    });
    const paid = await platform.local.pay(session.id);
    expect(paid).toMatchObject({ status: 'complete', payment_intent: intent.id });
    const charges = await platform.stripe.charges.list({ payment_intent: intent.id });
    expect(charges.data.map((charge) => charge.status)).toEqual(['succeeded', 'failed']);
  });

  it.each([
    ['succeeded', 'paid', 'checkout.session.async_payment_succeeded'],
    ['failed', 'unpaid', 'checkout.session.async_payment_failed'],
  ] as const)('decides later on a delayed method: %s', async (outcome, paymentStatus, type) => {
    const session = await platform.stripe.checkout.sessions.create(sessionParams());
    const left = await platform.local.pay(session.id, { method: 'delayed' });
    expect(left).toMatchObject({ status: 'complete', payment_status: 'unpaid' });
    expect(await platform.stripe.paymentIntents.retrieve(left.payment_intent as string)).toMatchObject({
      status: 'processing',
    });
    const settled = await platform.local.settleDelayed(session.id, outcome);
    expect(settled).toMatchObject({ status: 'complete', payment_status: paymentStatus });
    await platform.local.webhooks.idle();
    expect(platform.platformHook.types()).toContain(type);
  });

  it('takes no money once it has expired, and no expiry once it is paid', async () => {
    const session = await platform.stripe.checkout.sessions.create(sessionParams());
    expect(await platform.stripe.checkout.sessions.expire(session.id)).toMatchObject({
      status: 'expired',
      url: null,
    });
    await expect(platform.local.pay(session.id)).rejects.toThrow('its status is `expired`');

    const other = await platform.stripe.checkout.sessions.create(sessionParams());
    await platform.local.pay(other.id);
    const refused = await refusal(platform.stripe.checkout.sessions.expire(other.id));
    expect(refused).toMatchObject({ statusCode: 400, type: 'StripeInvalidRequestError' });
    expect(refused.message).toBe(
      'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of `complete`.',
    );
  });

  it('expires on its own when its time is up, and says so', async () => {
    const soon = Math.floor(Date.now() / 1000) + 31 * 60;
    const session = await platform.stripe.checkout.sessions.create(
      sessionParams(undefined, { expires_at: soon }),
    );
    expect(await platform.local.advanceExpiry(30 * 60)).toEqual([]);
    const expired = await platform.local.advanceExpiry(31 * 60);
    expect(expired.map((one) => one.id)).toEqual([session.id]);
    await platform.local.webhooks.idle();
    expect(platform.platformHook.types()).toEqual(['checkout.session.expired']);
  });

  it('completes a free order without any payment', async () => {
    const session = await platform.stripe.checkout.sessions.create(
      sessionParams(undefined, {
        line_items: [
          { price_data: { currency: 'usd', unit_amount: 0, product_data: { name: 'Free' } }, quantity: 1 },
        ],
      }),
    );
    expect(await platform.local.pay(session.id)).toMatchObject({
      status: 'complete',
      payment_status: 'no_payment_required',
      payment_intent: null,
    });
  });

  it('does not pay an account that lost its transfers meanwhile', async () => {
    const account = await payableAccount(platform);
    const session = await platform.stripe.checkout.sessions.create(sessionParams(account.id));
    await platform.local.disableCharges(account.id);
    await expect(platform.local.pay(session.id)).rejects.toThrow('Your destination account needs');
    expect(await platform.stripe.checkout.sessions.retrieve(session.id)).toMatchObject({ status: 'open' });
  });
});
