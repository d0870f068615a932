import type Stripe from 'stripe';
import { mustFindCharge } from '../resources/charges.js';
import { newId } from '../state/ids.js';
import { now, type World } from '../state/world.js';
import { invalidRequest, missingResource } from '../wire/errors.js';
import { recordMovement } from './ledger.js';

export interface OpenDisputeOptions {
  /** Minor units; what was paid and not refunded where it is not given. */
  readonly amount?: number;
  /** https://docs.stripe.com/disputes/categories; default `fraudulent`. */
  readonly reason?: string;
  /** The bank only asks, and takes no money yet (https://docs.stripe.com/disputes/how-disputes-work#inquiries). */
  readonly inquiry?: boolean;
}

const OPEN: readonly string[] = [
  'needs_response',
  'under_review',
  'warning_needs_response',
  'warning_under_review',
];
const DAYS_TO_ANSWER = 9;
const DAY_SECONDS = 24 * 60 * 60;

/** The buyer's bank takes the money back until it is decided (https://docs.stripe.com/disputes). */
export function openDispute(
  world: World,
  chargeId: string,
  options: OpenDisputeOptions = {},
): Stripe.Dispute {
  const charge = mustFindCharge(world, chargeId);
  if (charge.status !== 'succeeded') throw invalidRequest(`Charge ${chargeId} has not succeeded.`);
  if (charge.disputed) throw invalidRequest(`Charge ${chargeId} is disputed already.`);
  const amount = options.amount ?? charge.amount - charge.amount_refunded;
  if (amount < 1 || amount > charge.amount - charge.amount_refunded) {
    throw invalidRequest(`Charge ${chargeId} has less left than a dispute over ${amount}.`, {
      param: 'amount',
    });
  }
  const dispute = world.store.disputes.add(newDispute(charge, amount, options.reason ?? 'fraudulent'));
  charge.disputed = true;
  if (options.inquiry === true) {
    becomeInquiry(dispute);
    world.events.emit('charge.dispute.created', dispute);
    return dispute;
  }
  moveFunds(world, dispute, -amount);
  world.events.emit('charge.dispute.created', dispute);
  world.events.emit('charge.dispute.funds_withdrawn', dispute);
  return dispute;
}

/** The buyer is not content with the answer to an inquiry: the bank takes the money. */
export function escalateInquiry(world: World, disputeId: string): Stripe.Dispute {
  const dispute = mustFindDispute(world, disputeId);
  mustBeOpen(dispute);
  if (!isInquiry(dispute)) throw invalidRequest(`Dispute ${disputeId} is not an inquiry.`);
  const previous = { status: dispute.status, is_charge_refundable: true };
  dispute.status = 'needs_response';
  dispute.is_charge_refundable = false;
  dispute.payment_method_details = cardCase('chargeback', '10.4');
  moveFunds(world, dispute, -dispute.amount);
  world.events.emit('charge.dispute.updated', dispute, { previous });
  world.events.emit('charge.dispute.funds_withdrawn', dispute);
  return dispute;
}

/** The bank decides, or the platform gives up (`lost`). An inquiry ends without either: `warning_closed`. */
export function closeDispute(world: World, disputeId: string, outcome: 'won' | 'lost'): Stripe.Dispute {
  const dispute = mustFindDispute(world, disputeId);
  mustBeOpen(dispute);
  const previous = { status: dispute.status };
  if (isInquiry(dispute)) {
    dispute.status = 'warning_closed';
    world.events.emit('charge.dispute.closed', dispute, { previous });
    return dispute;
  }
  dispute.status = outcome;
  dispute.is_charge_refundable = outcome === 'won';
  if (outcome === 'won') moveFunds(world, dispute, dispute.amount);
  world.events.emit('charge.dispute.closed', dispute, { previous });
  if (outcome === 'won') world.events.emit('charge.dispute.funds_reinstated', dispute);
  return dispute;
}

export function submitEvidence(dispute: Stripe.Dispute): void {
  mustBeOpen(dispute);
  dispute.status = isInquiry(dispute) ? 'warning_under_review' : 'under_review';
  dispute.evidence_details.submission_count += 1;
  dispute.evidence_details.submission_method = 'manual';
}

export function mustFindDispute(world: World, id: string): Stripe.Dispute {
  const dispute = world.store.disputes.get(id);
  if (dispute === undefined) throw missingResource('dispute', id, 'dispute');
  return dispute;
}

export function mustBeOpen(dispute: Stripe.Dispute): void {
  if (OPEN.includes(dispute.status)) return;
  throw invalidRequest(`This dispute is already closed: its status is ${dispute.status}.`, {
    code: 'dispute_already_closed',
  });
}

function isInquiry(dispute: Stripe.Dispute): boolean {
  return dispute.status.startsWith('warning_');
}

function becomeInquiry(dispute: Stripe.Dispute): void {
  dispute.status = 'warning_needs_response';
  dispute.is_charge_refundable = true;
  dispute.payment_method_details = cardCase('inquiry', '10');
}

function cardCase(type: 'chargeback' | 'inquiry', reasonCode: string): Stripe.Dispute.PaymentMethodDetails {
  return {
    type: 'card',
    card: { brand: 'visa', case_type: type, network: 'visa', network_reason_code: reasonCode },
  };
}

function moveFunds(world: World, dispute: Stripe.Dispute, amount: number): void {
  dispute.balance_transactions.push(
    recordMovement(world, { type: 'adjustment', amount, currency: dispute.currency, source: dispute.id }),
  );
}

function newDispute(charge: Stripe.Charge, amount: number, reason: string): Stripe.Dispute {
  return {
    id: newId('du_1'),
    object: 'dispute',
    amount,
    balance_transactions: [],
    charge: charge.id,
    created: now(),
    currency: charge.currency,
    enhanced_eligibility_types: [],
    evidence: noEvidence(),
    evidence_details: {
      due_by: now() + DAYS_TO_ANSWER * DAY_SECONDS,
      enhanced_eligibility: {},
      has_evidence: false,
      past_due: false,
      submission_count: 0,
      submission_method: 'not_submitted',
    },
    intended_submission_method: null,
    is_charge_refundable: false,
    livemode: false,
    metadata: {},
    payment_intent: charge.payment_intent,
    payment_method_details: cardCase('chargeback', '10.4'),
    reason,
    status: 'needs_response',
  };
}

function noEvidence(): Stripe.Dispute.Evidence {
  return {
    access_activity_log: null,
    billing_address: null,
    cancellation_policy: null,
    cancellation_policy_disclosure: null,
    cancellation_rebuttal: null,
    customer_communication: null,
    customer_email_address: null,
    customer_name: null,
    customer_purchase_ip: null,
    customer_signature: null,
    duplicate_charge_documentation: null,
    duplicate_charge_explanation: null,
    duplicate_charge_id: null,
    enhanced_evidence: {},
    product_description: null,
    receipt: null,
    refund_policy: null,
    refund_policy_disclosure: null,
    refund_refusal_explanation: null,
    service_date: null,
    service_documentation: null,
    shipping_address: null,
    shipping_carrier: null,
    shipping_date: null,
    shipping_documentation: null,
    shipping_tracking_number: null,
    uncategorized_file: null,
    uncategorized_text: null,
  };
}
