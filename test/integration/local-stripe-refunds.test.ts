import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type Stripe from 'stripe';
import { openPlatform, type Platform, paidSession, refusal } from './local-stripe-support.js';

let platform: Platform;
let stripe: Stripe;

beforeAll(async () => {
  platform = await openPlatform();
  stripe = platform.stripe;
});

afterAll(() => platform.close());

async function connectedObjects(chargeId: string) {
  const charge = await stripe.charges.retrieve(chargeId, {
    expand: ['transfer', 'application_fee', 'refunds'],
  });
  return {
    charge,
    transfer: charge.transfer as Stripe.Transfer,
    fee: charge.application_fee as Stripe.ApplicationFee,
  };
}

describe('refunds at the local Stripe', () => {
  it('give everything back, from the destination and the fee too', async () => {
    const { intentId, chargeId } = await paidSession(platform);
    const refund = await stripe.refunds.create({
      payment_intent: intentId,
      reverse_transfer: true,
      refund_application_fee: true,
      reason: 'requested_by_customer',
      metadata: { order_id: 'order-1' },
      expand: ['transfer_reversal'],
    });
    expect(refund).toMatchObject({
      amount: 5000,
      charge: chargeId,
      payment_intent: intentId,
      status: 'succeeded',
      reason: 'requested_by_customer',
      metadata: { order_id: 'order-1' },
      transfer_reversal: { amount: 5000, source_refund: refund.id },
    });
    const { charge, transfer, fee } = await connectedObjects(chargeId);
    expect(charge).toMatchObject({ amount_refunded: 5000, refunded: true });
    expect(charge.refunds?.data.map((one) => one.id)).toEqual([refund.id]);
    expect(transfer).toMatchObject({ amount_reversed: 5000, reversed: true });
    expect(fee).toMatchObject({ amount_refunded: 500, refunded: true });
  });

  it('in parts add up to the cent, in transfer and fee as well', async () => {
    const { intentId, chargeId } = await paidSession(platform);
    for (const amount of [1, 333, 1666, 7, 2993]) {
      await stripe.refunds.create({
        payment_intent: intentId,
        amount,
        reverse_transfer: true,
        refund_application_fee: true,
      });
    }
    const { charge, transfer, fee } = await connectedObjects(chargeId);
    expect(charge).toMatchObject({ amount_refunded: 5000, refunded: true });
    expect(transfer).toMatchObject({ amount_reversed: 5000, reversed: true });
    expect(fee).toMatchObject({ amount_refunded: 500, refunded: true });
    const reversals = await stripe.transfers.listReversals(transfer.id, { limit: 100 });
    expect(reversals.data.reduce((sum, one) => sum + one.amount, 0)).toBe(5000);
  });

  it('never exceed what was paid, asked for one after the other or at once', async () => {
    const { chargeId } = await paidSession(platform);
    await stripe.refunds.create({ charge: chargeId, amount: 3000 });
    const tooMuch = await refusal(stripe.refunds.create({ charge: chargeId, amount: 2001 }));
    expect(tooMuch).toMatchObject({ statusCode: 400, param: 'amount' });
    expect(tooMuch.message).toBe(
      'Refund amount ($20.01) is greater than unrefunded amount on charge ($20.00)',
    );
    const both = await Promise.allSettled([
      stripe.refunds.create({ charge: chargeId, amount: 1500 }),
      stripe.refunds.create({ charge: chargeId, amount: 1500 }),
    ]);
    expect(both.map((one) => one.status).sort()).toEqual(['fulfilled', 'rejected']);
    await stripe.refunds.create({ charge: chargeId });
    expect(await refusal(stripe.refunds.create({ charge: chargeId }))).toMatchObject({
      code: 'charge_already_refunded',
    });
  });

  it('may stay pending; pending ones count', async () => {
    const { chargeId } = await paidSession(platform);
    await platform.local.holdRefunds(true);
    const refund = await stripe.refunds.create({ charge: chargeId, amount: 4000 });
    await platform.local.holdRefunds(false);
    expect(refund.status).toBe('pending');
    await refusal(stripe.refunds.create({ charge: chargeId, amount: 1001 }));
    expect(await platform.local.settleRefund(refund.id, 'succeeded')).toMatchObject({ status: 'succeeded' });
    await expect(platform.local.settleRefund(refund.id, 'succeeded')).rejects.toThrow('is succeeded');
  });

  it('may fail, and then can be tried again', async () => {
    const { chargeId } = await paidSession(platform);
    const refund = await stripe.refunds.create({ charge: chargeId, reverse_transfer: true });
    const failed = await platform.local.settleRefund(refund.id, 'failed', 'expired_or_canceled_card');
    expect(failed).toMatchObject({ status: 'failed', failure_reason: 'expired_or_canceled_card' });
    expect(await stripe.charges.retrieve(chargeId)).toMatchObject({ amount_refunded: 0, refunded: false });
    const again = await stripe.refunds.create({ charge: chargeId, reverse_transfer: true });
    expect(again).toMatchObject({ amount: 5000, status: 'succeeded', transfer_reversal: null });
    await platform.local.webhooks.idle();
    const types = platform.platformHook.types();
    for (const type of [
      'refund.created',
      'refund.updated',
      'refund.failed',
      'charge.refunded',
      'transfer.reversed',
    ]) {
      expect(types).toContain(type);
    }
  });

  it('need a transfer and a fee to take back from', async () => {
    const { chargeId } = await paidSession(platform, { payment_intent_data: {} });
    expect(await refusal(stripe.refunds.create({ charge: chargeId, reverse_transfer: true }))).toMatchObject({
      param: 'reverse_transfer',
    });
    expect(
      await refusal(stripe.refunds.create({ charge: chargeId, refund_application_fee: true })),
    ).toMatchObject({ param: 'refund_application_fee' });
  });
});

describe('reversals without a refund', () => {
  it('take back no more than was sent', async () => {
    const { chargeId } = await paidSession(platform);
    const { transfer, fee } = await connectedObjects(chargeId);
    await stripe.transfers.createReversal(transfer.id, { amount: 1000, refund_application_fee: true });
    expect(await stripe.applicationFees.retrieve(fee.id)).toMatchObject({ amount_refunded: 100 });
    expect(await refusal(stripe.transfers.createReversal(transfer.id, { amount: 4001 }))).toMatchObject({
      param: 'amount',
    });
    await stripe.transfers.createReversal(transfer.id);
    expect(await stripe.transfers.retrieve(transfer.id)).toMatchObject({ reversed: true });
    await stripe.applicationFees.createRefund(fee.id);
    expect(await stripe.applicationFees.retrieve(fee.id)).toMatchObject({
      amount_refunded: 500,
      refunded: true,
    });
  });
});

describe('disputes', () => {
  it('freeze the charge, and give the money back when won', async () => {
    const { chargeId } = await paidSession(platform);
    const dispute = await platform.local.openDispute(chargeId, { reason: 'product_not_received' });
    expect(dispute).toMatchObject({ amount: 5000, charge: chargeId, status: 'needs_response' });
    expect(await stripe.charges.retrieve(chargeId)).toMatchObject({ disputed: true });
    expect(await refusal(stripe.refunds.create({ charge: chargeId }))).toMatchObject({
      code: 'charge_disputed',
    });

    const answered = await stripe.disputes.update(dispute.id, { evidence: { customer_name: 'A. Buyer' } });
    expect(answered).toMatchObject({ status: 'under_review', evidence: { customer_name: 'A. Buyer' } });
    const closed = await platform.local.closeDispute(dispute.id, 'won');
    expect(closed.balance_transactions.map((one) => one.amount)).toEqual([-5000, 5000]);
    await stripe.refunds.create({ charge: chargeId });

    await platform.local.webhooks.idle();
    const types = platform.platformHook.types();
    for (const type of ['created', 'updated', 'closed', 'funds_withdrawn', 'funds_reinstated']) {
      expect(types).toContain(`charge.dispute.${type}`);
    }
  });

  it('are lost when the platform gives up', async () => {
    const { chargeId } = await paidSession(platform);
    const dispute = await platform.local.openDispute(chargeId, { amount: 2500 });
    expect(await stripe.disputes.close(dispute.id)).toMatchObject({ status: 'lost', amount: 2500 });
    expect(await refusal(stripe.disputes.close(dispute.id))).toMatchObject({ statusCode: 400 });
    const { data } = await stripe.disputes.list({ charge: chargeId });
    expect(data.map((one) => one.id)).toEqual([dispute.id]);
  });
});

describe('the balance', () => {
  it('is the sum of its transactions', async () => {
    await platform.local.reset();
    const { chargeId } = await paidSession(platform);
    await stripe.refunds.create({ charge: chargeId, amount: 1000, reverse_transfer: true });
    const { data } = await stripe.balanceTransactions.list({ limit: 100 });
    expect(data.map((one) => [one.type, one.amount]).reverse()).toEqual([
      ['charge', 5000],
      ['transfer', -5000],
      ['application_fee', 500],
      ['transfer_refund', 1000],
      ['refund', -1000],
    ]);
    const { available } = await stripe.balance.retrieve();
    expect(available).toMatchObject([
      { currency: 'usd', amount: data.reduce((sum, one) => sum + one.net, 0) },
    ]);
    const [charged] = data.slice(-1);
    expect(await stripe.balanceTransactions.retrieve(charged!.id)).toMatchObject({
      source: chargeId,
      fee: 145,
    });
  });
});
