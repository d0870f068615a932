import type Stripe from 'stripe';
import { checkFraction, formatAmount } from '../state/currencies.js';
import { newId } from '../state/ids.js';
import { now, type World } from '../state/world.js';
import { invalidRequest, missingResource } from '../wire/errors.js';
import { recordMovement } from './ledger.js';
import { proportion, refundFee, reverseTransfer } from './reversals.js';

export interface NewRefund {
  /** Minor units; all that is left where it is not given. */
  readonly amount: number | undefined;
  readonly reason: 'duplicate' | 'fraudulent' | 'requested_by_customer' | null;
  readonly metadata: Record<string, string>;
  readonly reverseTransfer: boolean;
  readonly refundApplicationFee: boolean;
}

/**
 * Gives a charge's money back, whole or in part, never more than was paid
 * (https://docs.stripe.com/api/refunds/create). Pending refunds count as given back.
 *
 * @throws StripeFailure `charge_already_refunded`, `charge_disputed`, or a too large amount
 */
export function createRefund(world: World, charge: Stripe.Charge, given: NewRefund): Stripe.Refund {
  const amount = readAmount(world, charge, given.amount);
  checkConnect(charge, given);
  const refund = newRefund(charge, amount, given);
  const previous = { amount_refunded: charge.amount_refunded, refunded: charge.refunded };
  charge.amount_refunded += amount;
  charge.refunded = charge.amount_refunded === charge.amount;
  if (given.reverseTransfer) refund.transfer_reversal = reverseShare(world, charge, refund, amount);
  if (given.refundApplicationFee) refundFeeShare(world, charge);
  refund.balance_transaction = recordMovement(world, {
    type: 'refund',
    amount: -amount,
    currency: charge.currency,
    source: refund.id,
  }).id;
  if (world.settings.refundsPending) {
    refund.status = 'pending';
    refund.pending_reason = 'processing';
  }
  world.store.addRefund(refund);
  world.events.emit('refund.created', refund);
  world.events.emit('charge.refunded', charge, { previous });
  return refund;
}

/**
 * The bank decides on a refund. One that fails gives the money back to the platform, and the charge counts
 * it as not refunded; what was reversed from the destination stays reversed
 * (https://docs.stripe.com/refunds#failed-refunds). Succeeded refunds may still fail later.
 *
 * @param reason of a failure: https://docs.stripe.com/api/refunds/object, `failure_reason`
 */
export function settleRefund(
  world: World,
  refundId: string,
  outcome: 'succeeded' | 'failed',
  reason = 'declined',
): Stripe.Refund {
  const refund = world.store.refunds.get(refundId);
  if (refund === undefined) throw missingResource('refund', refundId, 'refund');
  const decided = refund.status === 'failed' || (outcome === 'succeeded' && refund.status !== 'pending');
  if (decided) throw invalidRequest(`Refund ${refundId} is ${refund.status}; it cannot become ${outcome}.`);
  const previous = { status: refund.status };
  refund.status = outcome;
  delete refund.pending_reason;
  if (outcome === 'failed') undo(world, refund, reason);
  world.events.emit('refund.updated', refund, { previous });
  world.events.emit('charge.refund.updated', refund, { previous });
  if (outcome === 'failed') world.events.emit('refund.failed', refund);
  return refund;
}

function undo(world: World, refund: Stripe.Refund, reason: string): void {
  refund.failure_reason = reason;
  refund.failure_balance_transaction = recordMovement(world, {
    type: 'refund_failure',
    amount: refund.amount,
    currency: refund.currency,
    source: refund.id,
  }).id;
  const charge = world.store.charges.get(refund.charge as string)!;
  const previous = { amount_refunded: charge.amount_refunded, refunded: charge.refunded };
  charge.amount_refunded -= refund.amount;
  charge.refunded = false;
  world.events.emit('charge.updated', charge, { previous });
}

function readAmount(world: World, charge: Stripe.Charge, given: number | undefined): number {
  if (charge.status !== 'succeeded') {
    throw invalidRequest(`Charge ${charge.id} does not have a successful payment to refund.`);
  }
  if (isDisputed(world, charge)) {
    throw invalidRequest(`Charge ${charge.id} has been charged back; cannot issue a refund.`, {
      code: 'charge_disputed',
    });
  }
  const left = charge.amount - charge.amount_refunded;
  if (left === 0) {
    throw invalidRequest(`Charge ${charge.id} has already been refunded.`, {
      code: 'charge_already_refunded',
    });
  }
  const amount = given ?? left;
  if (amount > left) {
    throw invalidRequest(
      `Refund amount (${formatAmount(amount, charge.currency)}) is greater than unrefunded amount on charge (${formatAmount(left, charge.currency)})`,
      { param: 'amount' },
    );
  }
  checkFraction(amount, charge.currency, 'amount');
  return amount;
}

function isDisputed(world: World, charge: Stripe.Charge): boolean {
  if (!charge.disputed) return false;
  return world.store.disputes
    .filter((dispute) => dispute.charge === charge.id)
    .some((dispute) => dispute.status !== 'won' && !dispute.is_charge_refundable);
}

function checkConnect(charge: Stripe.Charge, given: NewRefund): void {
  if (given.reverseTransfer && charge.transfer === undefined) {
    throw invalidRequest(
      `Charge ${charge.id} cannot be refunded with reverse_transfer, because it does not have an associated transfer.`,
      { param: 'reverse_transfer' },
    );
  }
  if (given.refundApplicationFee && charge.application_fee === null) {
    throw invalidRequest(
      `Charge ${charge.id} cannot be refunded with refund_application_fee, because it does not have an application fee.`,
      { param: 'refund_application_fee' },
    );
  }
}

/** "The transfer will be reversed proportionally to the amount being refunded." */
function reverseShare(
  world: World,
  charge: Stripe.Charge,
  refund: Stripe.Refund,
  amount: number,
): string | null {
  const transfer = world.store.transfers.get(charge.transfer as string)!;
  const before = proportion(transfer.amount, charge.amount_refunded - amount, charge.amount);
  const after = proportion(transfer.amount, charge.amount_refunded, charge.amount);
  const share = Math.min(after - before, transfer.amount - transfer.amount_reversed);
  if (share === 0) return null;
  return reverseTransfer(world, transfer, {
    amount: share,
    metadata: {},
    refundApplicationFee: false,
    sourceRefund: refund.id,
  }).id;
}

/** "If a full charge refund is given, the full application fee will be refunded", else its proportion. */
function refundFeeShare(world: World, charge: Stripe.Charge): void {
  const fee = world.store.applicationFees.get(charge.application_fee as string)!;
  const share = proportion(fee.amount, charge.amount_refunded, charge.amount) - fee.amount_refunded;
  if (share > 0) refundFee(world, fee, share);
}

function newRefund(charge: Stripe.Charge, amount: number, given: NewRefund): Stripe.Refund {
  return {
    id: newId('re_3', 23),
    object: 'refund',
    amount,
    balance_transaction: null,
    charge: charge.id,
    created: now(),
    currency: charge.currency,
    customer: null,
    customer_account: null,
    destination_details: {
      type: 'card',
      card: { reference_status: 'pending', reference_type: 'acquirer_reference_number', type: 'refund' },
    },
    metadata: given.metadata,
    payment_intent: charge.payment_intent,
    payment_method: charge.payment_method,
    reason: given.reason,
    receipt_number: null,
    source_transfer_reversal: null,
    status: 'succeeded',
    transfer_reversal: null,
  };
}
