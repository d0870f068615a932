import type Stripe from 'stripe';
import { closeDispute, escalateInquiry, openDispute } from '../actions/disputes.js';
import { createRefund, settleRefund } from '../actions/refunds.js';
import type { World } from '../state/world.js';
import { invalidRequest } from '../wire/errors.js';

/**
 * What the buttons of a charge's page do.
 *
 * @throws StripeFailure where it cannot be done
 */
export function changeCharge(
  world: World,
  charge: Stripe.Charge,
  action: string,
  form: URLSearchParams,
): void {
  const object = form.get('object') ?? '';
  switch (action) {
    case 'refund':
      refund(world, charge, form.get('amount') ?? '');
      break;
    case 'refund-succeeds':
      settleRefund(world, object, 'succeeded');
      break;
    case 'refund-fails':
      settleRefund(world, object, 'failed');
      break;
    case 'dispute':
    case 'inquire':
      openDispute(world, charge.id, { inquiry: action === 'inquire' });
      break;
    case 'escalate':
      escalateInquiry(world, object);
      break;
    case 'dispute-won':
      closeDispute(world, object, 'won');
      break;
    case 'dispute-lost':
      closeDispute(world, object, 'lost');
      break;
    default:
      throw invalidRequest(`There is no action ${action}.`);
  }
}

/** From the destination and the fee too, where there are any, in proportion. */
function refund(world: World, charge: Stripe.Charge, amount: string): void {
  if (amount !== '' && !/^[1-9]\d{0,14}$/.test(amount)) {
    throw invalidRequest(`An amount is a number of minor units, not ${amount}.`, { param: 'amount' });
  }
  createRefund(world, charge, {
    amount: amount === '' ? undefined : Number(amount),
    reason: null,
    metadata: {},
    reverseTransfer: charge.transfer !== undefined,
    refundApplicationFee: charge.application_fee !== null,
  });
}
