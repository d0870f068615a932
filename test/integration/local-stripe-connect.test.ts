import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type Stripe from 'stripe';
import {
  openPlatform,
  type Platform,
  paidSession,
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

async function eventsOf(type: string, objectId: string): Promise<Stripe.Event[]> {
  const events = await platform.local.events();
  return events.filter((event) => event.type === type && idOf(event) === objectId);
}

function idOf(event: Stripe.Event): string | undefined {
  return (event.data.object as { id?: string }).id;
}

async function charged(amount: number, fee: number): Promise<string> {
  const account = await payableAccount(platform);
  const intent = await stripe.paymentIntents.create({
    amount,
    currency: 'usd',
    payment_method: 'pm_card_visa',
    confirm: true,
    application_fee_amount: fee,
    transfer_data: { destination: account.id },
  });
  return intent.latest_charge as string;
}

describe('partial refunds of a destination charge', () => {
  it('take fee and transfer in proportion, whatever the amounts, and leave nothing over', async () => {
    const bill = fc
      .tuple(fc.integer({ min: 50, max: 100_000 }), fc.double({ min: 0.001, max: 1, noNaN: true }))
      .map(([amount, rate]) => ({ amount, fee: Math.max(1, Math.floor(amount * rate)) }));
    const cuts = fc.array(fc.double({ min: 0.01, max: 0.9, noNaN: true }), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(bill, cuts, async ({ amount, fee }, shares) => {
        const charge = await charged(amount, fee);
        let left = amount;
        for (const share of [...shares, 1]) {
          const part = share === 1 ? left : Math.max(1, Math.floor(left * share));
          if (left === 0) break;
          left -= part;
          await stripe.refunds.create({
            charge,
            amount: part,
            reverse_transfer: true,
            refund_application_fee: true,
          });
          const now = await stripe.charges.retrieve(charge, { expand: ['transfer', 'application_fee'] });
          expect(now).toMatchObject({
            amount_refunded: amount - left,
            transfer: { amount_reversed: amount - left },
          });
          const refundedFee = (now.application_fee as Stripe.ApplicationFee).amount_refunded;
          expect(Math.abs(refundedFee - (fee * (amount - left)) / amount)).toBeLessThanOrEqual(0.5);
        }
        const end = await stripe.charges.retrieve(charge, { expand: ['transfer', 'application_fee'] });
        expect(end).toMatchObject({
          refunded: true,
          transfer: { reversed: true },
          application_fee: { amount_refunded: fee, refunded: true },
        });
      }),
      { numRuns: 25 },
    );
  });
});

describe('transfers', () => {
  it('of a destination charge carry its group, and take metadata later', async () => {
    const { account, chargeId } = await paidSession(platform);
    const { transfer: id } = await stripe.charges.retrieve(chargeId);
    const made = await stripe.transfers.retrieve(id as string);
    expect(made).toMatchObject({
      amount: 5000,
      destination: account.id,
      source_transaction: chargeId,
      transfer_group: 'order-1',
      metadata: {},
    });
    await stripe.transfers.update(made.id, { metadata: { order_id: 'order-1' } });
    const [updated] = await eventsOf('transfer.updated', made.id);
    expect(updated?.data).toMatchObject({
      object: { metadata: { order_id: 'order-1' } },
      previous_attributes: { metadata: {} },
    });
  });

  it('made for a charge never exceed it, and have its currency', async () => {
    const account = await payableAccount(platform);
    const session = await stripe.checkout.sessions.create(sessionParams());
    const paid = await platform.local.pay(session.id);
    const [charge] = (await stripe.charges.list({ payment_intent: paid.payment_intent as string })).data;
    const given = { destination: account.id, source_transaction: charge!.id, currency: 'usd' };
    await stripe.transfers.create({ ...given, amount: 3000 });
    const tooMuch = await refusal(stripe.transfers.create({ ...given, amount: 2001 }));
    expect(tooMuch).toMatchObject({ statusCode: 400, param: 'amount' });
    expect(await refusal(stripe.transfers.create({ ...given, amount: 1, currency: 'eur' }))).toMatchObject({
      param: 'currency',
    });
    expect(await stripe.transfers.create({ ...given, amount: 2000 })).toMatchObject({ amount: 2000 });
  });

  it('from the balance need one', async () => {
    const account = await payableAccount(platform);
    const given = { destination: account.id, currency: 'nok', amount: 5000 };
    expect(await refusal(stripe.transfers.create(given))).toMatchObject({ code: 'balance_insufficient' });
  });
});

describe('events tell what has changed', () => {
  it('of a charge that is refunded bit by bit', async () => {
    const { chargeId } = await paidSession(platform);
    await stripe.refunds.create({ charge: chargeId, amount: 2000 });
    await stripe.refunds.create({ charge: chargeId, amount: 3000 });
    const events = await eventsOf('charge.refunded', chargeId);
    expect(events.map(({ data }) => [data.previous_attributes, data.object])).toMatchObject([
      [
        { amount_refunded: 0, refunded: false },
        { amount_refunded: 2000, refunded: false },
      ],
      [
        { amount_refunded: 2000, refunded: false },
        { amount_refunded: 5000, refunded: true },
      ],
    ]);
  });

  it('of a refund, under both of its names', async () => {
    const { chargeId } = await paidSession(platform);
    const refund = await stripe.refunds.create({ charge: chargeId });
    await stripe.refunds.update(refund.id, { metadata: { order_id: 'order-1' } });
    for (const type of ['refund.updated', 'charge.refund.updated']) {
      expect(await eventsOf(type, refund.id)).toMatchObject([
        { data: { object: { metadata: { order_id: 'order-1' } }, previous_attributes: { metadata: {} } } },
      ]);
    }
  });

  it('of a capability, before its account', async () => {
    const account = await payableAccount(platform);
    await platform.local.setAccountCapabilities(account.id, { transfers: 'inactive' });
    const events = (await platform.local.events()).filter((event) => event.account === account.id);
    expect(events.slice(-2)).toMatchObject([
      {
        type: 'capability.updated',
        data: {
          object: { id: 'transfers', object: 'capability', account: account.id, status: 'inactive' },
          previous_attributes: { status: 'active' },
        },
      },
      { type: 'account.updated', data: { object: { capabilities: { transfers: 'inactive' } } } },
    ]);
  });
});

describe('accounts', () => {
  it('may be standard ones, which answer to Stripe themselves', async () => {
    expect(await stripe.accounts.create({ type: 'standard' })).toMatchObject({
      type: 'standard',
      controller: { losses: { payments: 'stripe' }, stripe_dashboard: { type: 'full' } },
      charges_enabled: false,
    });
    const custom = await refusal(stripe.accounts.create({ type: 'custom' }));
    expect(custom).toMatchObject({ statusCode: 400, param: 'type' });
  });

  it('are out of reach once deleted', async () => {
    const account = await payableAccount(platform);
    expect(await stripe.accounts.del(account.id)).toEqual(
      expect.objectContaining({ id: account.id, object: 'account', deleted: true }),
    );
    expect(await refusal(stripe.accounts.retrieve(account.id))).toMatchObject({ code: 'account_invalid' });
    expect(await refusal(stripe.checkout.sessions.create(sessionParams(account.id)))).toMatchObject({
      code: 'resource_missing',
    });
    const events = (await platform.local.events()).filter((event) => event.account === account.id);
    expect(events.at(-1)).toMatchObject({
      type: 'account.application.deauthorized',
      data: { object: { object: 'application' } },
    });
  });
});
