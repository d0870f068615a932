import type Stripe from 'stripe';
import { newId } from '../state/ids.js';
import type { PaymentPlan } from '../state/store.js';
import { now } from '../state/world.js';
import { addressOf } from './values.js';

/** https://docs.stripe.com/api/payment_intents/object, as Checkout makes it when the buyer confirms. */
export function newPaymentIntent(session: Stripe.Checkout.Session, plan: PaymentPlan): Stripe.PaymentIntent {
  const id = newId('pi_3', 23);
  return {
    id,
    object: 'payment_intent',
    allowed_payment_method_types: null,
    amount: session.amount_total!,
    amount_capturable: 0,
    amount_details: { tip: {} },
    amount_received: 0,
    application: null,
    application_fee_amount: plan.applicationFeeAmount,
    automatic_payment_methods: null,
    canceled_at: null,
    cancellation_reason: null,
    capture_method: 'automatic_async',
    client_secret: `${id}_secret_${newId('', 25)}`,
    confirmation_method: 'automatic',
    created: now(),
    currency: session.currency!,
    customer: null,
    customer_account: null,
    description: plan.description,
    excluded_payment_method_types: null,
    last_payment_error: null,
    latest_charge: null,
    livemode: false,
    managed_payments: null,
    metadata: { ...plan.metadata },
    next_action: null,
    on_behalf_of: plan.onBehalfOf,
    payment_method: null,
    payment_method_configuration_details: null,
    payment_method_options: {},
    payment_method_types: session.payment_method_types,
    payment_record: null,
    processing: null,
    receipt_email: plan.receiptEmail,
    review: null,
    setup_future_usage: plan.setupFutureUsage,
    shipping: plan.shipping && { ...plan.shipping, address: addressOf(plan.shipping.address) },
    source: null,
    statement_descriptor: null,
    statement_descriptor_suffix: plan.statementDescriptorSuffix,
    status: 'requires_payment_method',
    transfer_data: transferData(plan),
    transfer_group: plan.transferGroup ?? (plan.destination === null ? null : `group_${id}`),
  };
}

function transferData(plan: PaymentPlan): Stripe.PaymentIntent['transfer_data'] {
  if (plan.destination === null) return null;
  const amount = plan.transferAmount === null ? {} : { amount: plan.transferAmount };
  return { destination: plan.destination, ...amount };
}

/** https://docs.stripe.com/api/charges/object: one attempt to collect a PaymentIntent's money. */
export function newCharge(
  intent: Stripe.PaymentIntent,
  buyer: Stripe.Checkout.Session.CustomerDetails,
  details: Stripe.Charge.PaymentMethodDetails,
): Stripe.Charge {
  return {
    id: newId('ch_3', 23),
    object: 'charge',
    amount: intent.amount,
    amount_captured: 0,
    amount_refunded: 0,
    application: null,
    application_fee: null,
    application_fee_amount: intent.application_fee_amount,
    balance_transaction: null,
    billing_details: {
      address: buyer.address,
      email: buyer.email,
      name: buyer.name,
      phone: buyer.phone,
      tax_id: null,
    },
    calculated_statement_descriptor: 'LOCAL STRIPE',
    captured: false,
    created: now(),
    currency: intent.currency,
    customer: null,
    description: intent.description,
    disputed: false,
    failure_balance_transaction: null,
    failure_code: null,
    failure_message: null,
    fraud_details: {},
    livemode: false,
    metadata: { ...intent.metadata },
    on_behalf_of: intent.on_behalf_of,
    outcome: null,
    paid: false,
    payment_intent: intent.id,
    payment_method: newId('pm_1'),
    payment_method_details: details,
    receipt_email: intent.receipt_email,
    receipt_number: null,
    receipt_url: null,
    refunded: false,
    review: null,
    shipping: intent.shipping,
    source: null,
    source_transfer: null,
    statement_descriptor: null,
    statement_descriptor_suffix: intent.statement_descriptor_suffix,
    status: 'pending',
    transfer_data: chargeTransferData(intent),
    transfer_group: intent.transfer_group,
  };
}

function chargeTransferData(intent: Stripe.PaymentIntent): Stripe.Charge.TransferData | null {
  if (intent.transfer_data === null || intent.transfer_data === undefined) return null;
  return { amount: intent.transfer_data.amount ?? null, destination: intent.transfer_data.destination };
}

/** The card 4242 4242 4242 4242, or one that its issuer declines. */
export function cardDetails(last4 = '4242'): Stripe.Charge.PaymentMethodDetails {
  return {
    type: 'card',
    card: {
      amount_authorized: null,
      authorization_code: null,
      brand: 'visa',
      checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: 'pass' },
      country: 'US',
      electronic_commerce_indicator: null,
      exp_month: 12,
      exp_year: new Date().getUTCFullYear() + 3,
      fingerprint: 'LocalStripeCard1',
      funding: 'credit',
      installments: null,
      last4,
      mandate: null,
      network: 'visa',
      network_transaction_id: null,
      regulated_status: 'unregulated',
      three_d_secure: null,
      transaction_link_id: null,
      wallet: null,
    },
  };
}

export function delayedDetails(type: string): Stripe.Charge.PaymentMethodDetails {
  return { type };
}
