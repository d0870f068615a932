import type Stripe from 'stripe';
import { newId } from '../state/ids.js';
import { now, type World } from '../state/world.js';
import { invalidRequest, missingResource } from '../wire/errors.js';
import { processingFee, recordMovement } from './ledger.js';

/**
 * What follows a charge in the background: balance transaction, transfer to the destination, application
 * fee. Until then all three are null on the charge and in `charge.succeeded`, and `charge.updated` tells
 * of them (https://docs.stripe.com/payments/payment-intents/asynchronous-capture).
 *
 * @throws StripeFailure when there is no such charge, it did not succeed, or it is settled already
 */
export function settleCharge(world: World, chargeId: string): Stripe.Charge {
  const charge = world.store.charges.get(chargeId);
  if (charge === undefined) throw missingResource('charge', chargeId, 'id');
  if (charge.status !== 'succeeded') throw invalidRequest(`Charge ${chargeId} has not succeeded.`);
  if (charge.balance_transaction !== null) throw invalidRequest(`Charge ${chargeId} is settled already.`);
  const entry = recordMovement(world, {
    type: 'charge',
    amount: charge.amount,
    currency: charge.currency,
    source: charge.id,
    fee: processingFee(charge.amount),
    description: charge.description,
  });
  charge.balance_transaction = entry.id;
  const previous: Record<string, unknown> = { balance_transaction: null };
  if (charge.transfer_data !== null) {
    charge.transfer = createTransfer(world, destinationTransfer(charge)).id;
    previous.transfer = null;
    const fee = collectFee(world, charge);
    if (fee !== undefined) {
      charge.application_fee = fee.id;
      previous.application_fee = null;
    }
  }
  world.events.emit('charge.updated', charge, { previous });
  return charge;
}

export interface NewTransfer {
  readonly amount: number;
  readonly currency: string;
  readonly destination: string;
  readonly sourceTransaction: string | null;
  readonly transferGroup: string | null;
  readonly description: string | null;
  readonly metadata: Record<string, string>;
}

/** https://docs.stripe.com/api/transfers/object */
export function createTransfer(world: World, given: NewTransfer): Stripe.Transfer {
  const id = newId('tr_3', 23);
  const transfer = world.store.transfers.add({
    id,
    object: 'transfer',
    amount: given.amount,
    amount_reversed: 0,
    balance_transaction: null,
    created: now(),
    currency: given.currency,
    description: given.description,
    destination: given.destination,
    destination_payment: newId('py_1'),
    livemode: false,
    metadata: given.metadata,
    reversals: { object: 'list', data: [], has_more: false, url: `/v1/transfers/${id}/reversals` },
    reversed: false,
    source_transaction: given.sourceTransaction,
    source_type: 'card',
    transfer_group: given.transferGroup,
  });
  transfer.balance_transaction = recordMovement(world, {
    type: 'transfer',
    amount: -given.amount,
    currency: given.currency,
    source: id,
    description: given.description,
  }).id;
  world.events.emit('transfer.created', transfer);
  return transfer;
}

/** With an application fee the whole charge is transferred and the fee then collected from there. */
function destinationTransfer(charge: Stripe.Charge): NewTransfer {
  const data = charge.transfer_data!;
  return {
    amount: data.amount ?? charge.amount,
    currency: charge.currency,
    destination: data.destination as string,
    sourceTransaction: charge.id,
    transferGroup: charge.transfer_group,
    description: null,
    metadata: {},
  };
}

function collectFee(world: World, charge: Stripe.Charge): Stripe.ApplicationFee | undefined {
  const amount = Math.min(charge.application_fee_amount ?? 0, charge.amount);
  if (amount === 0) return undefined;
  const transfer = world.store.transfers.get(charge.transfer as string)!;
  const payment = transfer.destination_payment as string;
  const id = newId('fee_1');
  const fee = world.store.applicationFees.add({
    id,
    object: 'application_fee',
    account: transfer.destination as string,
    amount,
    amount_refunded: 0,
    application: 'ca_local',
    balance_transaction: null,
    charge: payment,
    created: now(),
    currency: charge.currency,
    fee_source: { charge: payment, type: 'charge' },
    livemode: false,
    originating_transaction: charge.id,
    refunded: false,
    refunds: { object: 'list', data: [], has_more: false, url: `/v1/application_fees/${id}/refunds` },
  });
  fee.balance_transaction = recordMovement(world, {
    type: 'application_fee',
    amount,
    currency: charge.currency,
    source: id,
  }).id;
  world.events.emit('application_fee.created', fee);
  return fee;
}
