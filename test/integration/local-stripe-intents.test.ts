import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import Stripe from 'stripe';
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

const TICKET = { amount: 5000, currency: 'usd', payment_method_types: ['card'] };

/** A parameter that the types of the installed version no longer have; the API does. */
function takingOnly(type: string): object {
  return { payment_method_types: [type] };
}

function debit(iban: string) {
  return stripe.paymentMethods.create({
    type: 'sepa_debit',
    sepa_debit: { iban },
    billing_details: { name: 'Jenny Rosen', email: 'jenny@example.org' },
  });
}

async function confirmed(sessionId: string, paymentMethod: string, expectedAmount = 5000) {
  return stripe.rawRequest('POST', `/v1/payment_pages/${sessionId}/confirm`, {
    payment_method: paymentMethod,
    expected_amount: expectedAmount,
  });
}

describe('PaymentIntents that the platform makes itself', () => {
  it('charge, transfer and collect the fee as those of Checkout do', async () => {
    const account = await payableAccount(platform);
    const intent = await stripe.paymentIntents.create({
      ...TICKET,
      confirm: true,
      payment_method: 'pm_card_visa',
      application_fee_amount: 500,
      transfer_data: { destination: account.id },
      metadata: { order_id: 'order-1' },
      expand: ['latest_charge.transfer', 'latest_charge.application_fee', 'payment_method'],
    });
    expect(intent).toMatchObject({
      status: 'succeeded',
      amount_received: 5000,
      payment_method: { type: 'card', card: { last4: '4242' } },
      latest_charge: {
        metadata: { order_id: 'order-1' },
        transfer: { amount: 5000, destination: account.id },
        application_fee: { amount: 500 },
      },
    });
  });

  it('are confirmed later with a payment method, and not twice', async () => {
    const intent = await stripe.paymentIntents.create(TICKET);
    expect(intent).toMatchObject({ status: 'requires_payment_method', latest_charge: null });
    expect(await refusal(stripe.paymentIntents.confirm(intent.id))).toMatchObject({
      code: 'payment_intent_unexpected_state',
    });
    const method = await stripe.paymentMethods.create({ type: 'card', card: { token: 'tok_visa' } });
    const paid = await stripe.paymentIntents.confirm(intent.id, { payment_method: method.id });
    expect(paid).toMatchObject({ status: 'succeeded', payment_method: method.id });
    const again = stripe.paymentIntents.confirm(intent.id, { payment_method: 'pm_card_visa' });
    expect(await refusal(again)).toMatchObject({ code: 'payment_intent_unexpected_state' });
    expect((await stripe.charges.list({ payment_intent: intent.id })).data).toHaveLength(1);
  });

  it.each([
    ['pm_card_visa_chargeDeclined', 'card_declined', 'generic_decline'],
    ['pm_card_chargeDeclinedInsufficientFunds', 'card_declined', 'insufficient_funds'],
    ['pm_card_chargeDeclinedExpiredCard', 'expired_card', 'expired_card'],
  ])('are declined by the issuer of %s, and may be tried again', async (card, code, declineCode) => {
    const intent = await stripe.paymentIntents.create(TICKET);
    const refused = await refusal(stripe.paymentIntents.confirm(intent.id, { payment_method: card }));
    expect(refused).toBeInstanceOf(Stripe.errors.StripeCardError);
    expect(refused).toMatchObject({
      statusCode: 402,
      code,
      decline_code: declineCode,
      payment_intent: { id: intent.id, status: 'requires_payment_method' },
    });
    const paid = await stripe.paymentIntents.confirm(intent.id, { payment_method: 'pm_card_visa' });
    expect(paid).toMatchObject({ status: 'succeeded', last_payment_error: null });
    const charges = await stripe.charges.list({ payment_intent: intent.id });
    expect(charges.data.map(({ status }) => status)).toEqual(['succeeded', 'failed']);
  });

  it('are canceled before they are paid, not after', async () => {
    const intent = await stripe.paymentIntents.create(TICKET);
    const canceled = await stripe.paymentIntents.cancel(intent.id, { cancellation_reason: 'abandoned' });
    expect(canceled).toMatchObject({ status: 'canceled', cancellation_reason: 'abandoned' });
    const paid = await stripe.paymentIntents.create({
      ...TICKET,
      confirm: true,
      payment_method: 'pm_card_visa',
    });
    expect(await refusal(stripe.paymentIntents.cancel(paid.id))).toMatchObject({
      code: 'payment_intent_unexpected_state',
    });
  });

  it.each([
    [{ ...TICKET, confirm: true }, 'parameter_missing', 'payment_method'],
    [{ ...TICKET, payment_method: 'pm_card_unicorn' }, 'resource_missing', 'payment_method'],
    [{ ...TICKET, amount: 49 }, 'amount_too_small', undefined],
    [{ ...TICKET, amount: 100_000_000 }, 'amount_too_large', undefined],
    [{ ...TICKET, application_fee_amount: 1 }, undefined, 'application_fee_amount'],
    [
      { ...TICKET, transfer_data: { destination: 'acct_none' } },
      'resource_missing',
      'transfer_data[destination]',
    ],
  ])('are refused with %j', async (params, code, param) => {
    const refused = await refusal(stripe.paymentIntents.create(params));
    expect({ status: refused.statusCode, code: refused.code, param: refused.param }).toEqual({
      status: 400,
      code,
      param,
    });
  });
});

describe('Checkout Sessions that are paid without the page', () => {
  it('charge what the price says, and are paid with the card that was made', async () => {
    const product = await stripe.products.create({ name: 'Stalls' });
    const price = await stripe.prices.create({ product: product.id, currency: 'usd', unit_amount: 2500 });
    const session = await stripe.checkout.sessions.create(
      sessionParams(undefined, { line_items: [{ price: price.id, quantity: 2 }], expand: ['line_items'] }),
    );
    expect(session).toMatchObject({
      amount_total: 5000,
      line_items: { data: [{ description: 'Stalls', price: { id: price.id, product: product.id } }] },
    });
    await confirmed(session.id, 'pm_card_visa');
    const paid = await stripe.checkout.sessions.retrieve(session.id, { expand: ['payment_intent'] });
    expect(paid).toMatchObject({ status: 'complete', payment_intent: { amount_received: 5000 } });
  });

  it('stay open for another try where the card is declined', async () => {
    const session = await stripe.checkout.sessions.create(sessionParams());
    expect(await refusal(confirmed(session.id, 'pm_card_chargeDeclined'))).toMatchObject({ statusCode: 402 });
    expect(await stripe.checkout.sessions.retrieve(session.id)).toMatchObject({ status: 'open' });
    await confirmed(session.id, 'pm_card_visa');
    expect(await stripe.checkout.sessions.retrieve(session.id)).toMatchObject({ payment_status: 'paid' });
  });

  it('take no other amount than the one shown', async () => {
    const session = await stripe.checkout.sessions.create(sessionParams());
    const refused = await refusal(confirmed(session.id, 'pm_card_visa', 4999));
    expect(refused).toMatchObject({ statusCode: 400, param: 'expected_amount' });
    expect(await stripe.checkout.sessions.retrieve(session.id)).toMatchObject({ payment_intent: null });
  });

  it.each([
    ['AT611904300234573201', 'paid', 'succeeded'],
    ['AT861904300235473202', 'unpaid', 'requires_payment_method'],
    ['AT321904300235473204', 'unpaid', 'processing'],
  ])('debit %s', async (iban, paymentStatus, intentStatus) => {
    const session = await stripe.checkout.sessions.create(
      sessionParams(undefined, {
        ...takingOnly('sepa_debit'),
        line_items: [
          { price_data: { currency: 'eur', unit_amount: 5000, product_data: { name: 'x' } }, quantity: 1 },
        ],
      }),
    );
    await confirmed(session.id, (await debit(iban)).id);
    const after = await stripe.checkout.sessions.retrieve(session.id, { expand: ['payment_intent'] });
    expect(after).toMatchObject({
      status: 'complete',
      payment_status: paymentStatus,
      payment_intent: { status: intentStatus },
    });
  });

  it('take only their own payment methods', async () => {
    const session = await stripe.checkout.sessions.create(
      sessionParams(undefined, { ...takingOnly('card') }),
    );
    const { id } = await debit('AT611904300234573201');
    const refused = await refusal(confirmed(session.id, id));
    expect(refused.message).toContain('takes no sepa_debit payment');
    expect(await stripe.checkout.sessions.retrieve(session.id)).toMatchObject({ status: 'open' });
  });

  it('debit test accounts only', async () => {
    expect(await refusal(debit('DE00000000000000000000'))).toMatchObject({
      code: 'invalid_bank_account_iban',
      param: 'sepa_debit[iban]',
    });
  });

  it('sell no price that is inactive or unknown', async () => {
    const product = await stripe.products.create({ name: 'Stalls' });
    const price = await stripe.prices.create({ product: product.id, currency: 'usd', unit_amount: 2500 });
    await stripe.prices.update(price.id, { active: false });
    for (const id of [price.id, 'price_none']) {
      const items = { line_items: [{ price: id, quantity: 1 }] };
      expect(await refusal(stripe.checkout.sessions.create(sessionParams(undefined, items)))).toMatchObject({
        statusCode: 400,
        param: 'line_items[0][price]',
      });
    }
  });
});
