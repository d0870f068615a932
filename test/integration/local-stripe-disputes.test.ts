import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type Stripe from 'stripe';
import { openPlatform, type Platform, refusal } from './local-stripe-support.js';

let platform: Platform;
let stripe: Stripe;

beforeAll(async () => {
  platform = await openPlatform();
  stripe = platform.stripe;
});

afterAll(() => platform.close());

const TICKET = { amount: 5000, currency: 'usd', payment_method_types: ['card'] };

describe('cards that are disputed', () => {
  it.each([
    ['pm_card_createDispute', 'needs_response', 1, false],
    ['pm_card_createDisputeInquiry', 'warning_needs_response', 0, true],
  ])('%s', async (card, status, movements, refundable) => {
    const paid = await stripe.paymentIntents.create({ ...TICKET, confirm: true, payment_method: card });
    const { data } = await stripe.disputes.list({ payment_intent: paid.id });
    expect(data).toMatchObject([{ amount: 5000, status, is_charge_refundable: refundable }]);
    expect(data[0]!.balance_transactions).toHaveLength(movements);
    const refund = stripe.refunds.create({ payment_intent: paid.id, amount: 100 });
    if (refundable) expect(await refund).toMatchObject({ status: 'succeeded' });
    else expect(await refusal(refund)).toMatchObject({ code: 'charge_disputed' });
  });

  it('may only ask first, and take the money then', async () => {
    const paid = await stripe.paymentIntents.create({
      ...TICKET,
      confirm: true,
      payment_method: 'pm_card_createDisputeInquiry',
    });
    const [inquiry] = (await stripe.disputes.list({ payment_intent: paid.id })).data;
    const dispute = await platform.local.escalateInquiry(inquiry!.id);
    expect(dispute).toMatchObject({ id: inquiry!.id, status: 'needs_response', is_charge_refundable: false });
    expect(dispute.balance_transactions.map(({ amount }) => amount)).toEqual([-5000]);
    await expect(platform.local.escalateInquiry(inquiry!.id)).rejects.toThrow('is not an inquiry');
    await platform.local.closeDispute(inquiry!.id, 'won');
    const types = (await platform.local.events())
      .filter(({ data }) => (data.object as { id?: string }).id === inquiry!.id)
      .map(({ type }) => type);
    expect(types).toEqual([
      'charge.dispute.created',
      'charge.dispute.updated',
      'charge.dispute.funds_withdrawn',
      'charge.dispute.closed',
      'charge.dispute.funds_reinstated',
    ]);
  });
});
