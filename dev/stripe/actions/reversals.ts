import type Stripe from 'stripe';
import { formatAmount } from '../state/currencies.js';
import { newId } from '../state/ids.js';
import { now, type World } from '../state/world.js';
import { invalidRequest } from '../wire/errors.js';
import { recordMovement } from './ledger.js';

export interface Reversal {
  /** Minor units; what is left of the transfer where it is not given. */
  readonly amount: number | undefined;
  readonly metadata: Record<string, string>;
  readonly refundApplicationFee: boolean;
  readonly sourceRefund: string | null;
}

/**
 * Takes money back from the destination (https://docs.stripe.com/api/transfer_reversals).
 *
 * @throws StripeFailure when more is asked for than was transferred and not yet reversed
 */
export function reverseTransfer(
  world: World,
  transfer: Stripe.Transfer,
  given: Reversal,
): Stripe.TransferReversal {
  const left = transfer.amount - transfer.amount_reversed;
  const amount = given.amount ?? left;
  if (left === 0) throw invalidRequest(`Transfer ${transfer.id} has already been fully reversed.`);
  if (amount > left) {
    throw invalidRequest(
      `Transfer reversal amount (${formatAmount(amount, transfer.currency)}) is greater than unreversed amount on transfer (${formatAmount(left, transfer.currency)})`,
      { param: 'amount' },
    );
  }
  const reversal: Stripe.TransferReversal = {
    id: newId('trr_1'),
    object: 'transfer_reversal',
    amount,
    balance_transaction: null,
    created: now(),
    currency: transfer.currency,
    destination_payment_refund: newId('pyr_1'),
    metadata: given.metadata,
    source_refund: given.sourceRefund,
    transfer: transfer.id,
  };
  reversal.balance_transaction = recordMovement(world, {
    type: 'transfer_refund',
    amount,
    currency: transfer.currency,
    source: reversal.id,
  }).id;
  world.store.transferReversals.add(reversal);
  transfer.reversals.data.unshift(reversal);
  transfer.amount_reversed += amount;
  transfer.reversed = transfer.amount_reversed === transfer.amount;
  world.events.emit('transfer.reversed', transfer);
  if (given.refundApplicationFee) refundFeeOf(world, transfer);
  return reversal;
}

/** The fee goes back in proportion to what has been reversed so far. */
function refundFeeOf(world: World, transfer: Stripe.Transfer): void {
  const charge = world.store.charges.get(String(transfer.source_transaction));
  if (charge === undefined || charge.application_fee === null) return;
  const fee = world.store.applicationFees.get(charge.application_fee as string)!;
  const target = proportion(fee.amount, transfer.amount_reversed, transfer.amount);
  if (target > fee.amount_refunded) refundFee(world, fee, target - fee.amount_refunded);
}

/** https://docs.stripe.com/api/fee_refunds */
export function refundFee(
  world: World,
  fee: Stripe.ApplicationFee,
  wanted: number | undefined,
  metadata: Record<string, string> = {},
): Stripe.FeeRefund {
  const left = fee.amount - fee.amount_refunded;
  const amount = wanted ?? left;
  if (left === 0) throw invalidRequest(`Application fee ${fee.id} has already been refunded.`);
  if (amount > left) {
    throw invalidRequest(
      `Refund amount (${formatAmount(amount, fee.currency)}) is greater than unrefunded amount on fee (${formatAmount(left, fee.currency)})`,
      { param: 'amount' },
    );
  }
  const refund: Stripe.FeeRefund = {
    id: newId('fr_1'),
    object: 'fee_refund',
    amount,
    balance_transaction: null,
    created: now(),
    currency: fee.currency,
    fee: fee.id,
    metadata,
  };
  refund.balance_transaction = recordMovement(world, {
    type: 'application_fee_refund',
    amount: -amount,
    currency: fee.currency,
    source: refund.id,
  }).id;
  world.store.feeRefunds.add(refund);
  fee.refunds.data.unshift(refund);
  fee.amount_refunded += amount;
  fee.refunded = fee.amount_refunded === fee.amount;
  world.events.emit('application_fee.refunded', fee);
  return refund;
}

/**
 * The part of `whole` that goes with `part` of `total`, so far, rounded half up. Worked out on what has
 * been given back in all, so that many partial refunds add up to the whole to the cent.
 */
export function proportion(whole: number, part: number, total: number): number {
  return Number((BigInt(whole) * BigInt(part) * 2n + BigInt(total)) / (BigInt(total) * 2n));
}
