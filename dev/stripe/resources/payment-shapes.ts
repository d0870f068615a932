import type Stripe from 'stripe';
import { newId } from '../state/ids.js';
import type { PaymentPlan } from '../state/store.js';
import { now } from '../state/world.js';

/** What a PaymentIntent collects; the amount in minor units. */
export interface NewPaymentIntent {
  readonly amount: number;
  readonly currency: string;
  readonly paymentMethodTypes: string[];
}

/** https://docs.stripe.com/api/payment_intents/object, before anyone has tried to pay. */
export function newPaymentIntent(given: NewPaymentIntent, plan: PaymentPlan): Stripe.PaymentIntent {
  const id = newId('pi_3', 23);
  return {
    id,
    object: 'payment_intent',
    allowed_payment_method_types: null,
    amount: given.amount,
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
    currency: given.currency,
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
    payment_method_types: given.paymentMethodTypes,
    payment_record: null,
    processing: null,
    receipt_email: plan.receiptEmail,
    review: null,
    setup_future_usage: plan.setupFutureUsage,
    shipping: plan.shipping,
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
  method: Stripe.PaymentMethod,
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
    billing_details: method.billing_details,
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
    payment_method: method.id,
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
