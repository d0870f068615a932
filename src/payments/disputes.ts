import type Stripe from 'stripe';
import { minorUnits } from './stripe-amounts.js';
import type { StripeCalls } from './stripe-calls.js';

/**
 * An inquiry is a bank's question that moves no money yet; it may become a dispute. Of two states of one dispute
 * the later in this list is the newer one: it moves this way only, a lost one that is won on appeal included.
 */
export const DISPUTE_STATUSES = [
  'INQUIRY_NEEDS_RESPONSE',
  'INQUIRY_UNDER_REVIEW',
  'INQUIRY_CLOSED',
  'NEEDS_RESPONSE',
  'UNDER_REVIEW',
  'LOST',
  'PREVENTED',
  'WON',
] as const;
export type DisputeStatus = (typeof DISPUTE_STATUSES)[number];

/** What Stripe says of a dispute. */
export interface DisputeState {
  /** `dp_...`, `du_...` */
  readonly id: string;
  readonly paymentIntentId: string | null;
  /** What the payment's metadata calls its order; anybody on the same Stripe account may have written it. */
  readonly orderIdHint: string | undefined;
  /** Minor units. */
  readonly amount: number;
  /** ISO 4217, upper case. */
  readonly currency: string;
  /** Stripe's word for it, e.g. `fraudulent`. */
  readonly reason: string;
  readonly status: DisputeStatus;
  /** Whether nothing more is to be expected of it. */
  readonly isFinal: boolean;
  readonly evidenceDueBy: Date | null;
  readonly createdAt: Date;
  /** What was taken from the platform's balance for it, and what came back; minor units. */
  readonly withdrawn: { readonly amount: number; readonly at: Date } | undefined;
  readonly reinstated: { readonly amount: number; readonly at: Date } | undefined;
}

const STATUS_OF: Readonly<Record<string, DisputeStatus>> = {
  warning_needs_response: 'INQUIRY_NEEDS_RESPONSE',
  warning_under_review: 'INQUIRY_UNDER_REVIEW',
  warning_closed: 'INQUIRY_CLOSED',
  needs_response: 'NEEDS_RESPONSE',
  under_review: 'UNDER_REVIEW',
  // The money is gone until the appeal is won.
  appeal_needs_response: 'LOST',
  appeal_under_review: 'LOST',
  lost: 'LOST',
  prevented: 'PREVENTED',
  won: 'WON',
};
const FINAL: ReadonlySet<string> = new Set(['warning_closed', 'lost', 'prevented', 'won']);

/** Stripe's disputes of what orders have paid. */
export class Disputes {
  constructor(
    private readonly stripe: Stripe,
    private readonly calls: StripeCalls,
  ) {}

  async retrieve(disputeId: string): Promise<DisputeState> {
    const dispute = await this.calls.run('disputes.retrieve', (options) =>
      this.stripe.disputes.retrieve(disputeId, { expand: ['payment_intent'] }, options),
    );
    return disputeState(dispute);
  }
}

/** @see https://docs.stripe.com/api/disputes/object */
export function disputeState(dispute: Stripe.Dispute): DisputeState {
  const intent = dispute.payment_intent;
  const due = dispute.evidence_details?.due_by;
  return {
    id: dispute.id,
    paymentIntentId: typeof intent === 'string' ? intent : (intent?.id ?? null),
    orderIdHint: typeof intent === 'string' ? undefined : intent?.metadata?.order_id,
    amount: minorUnits(dispute.amount, dispute.currency),
    currency: dispute.currency.toUpperCase(),
    reason: dispute.reason,
    // A status that Stripe has invented since: nobody gets in before it is decided.
    status: STATUS_OF[dispute.status] ?? 'UNDER_REVIEW',
    isFinal: FINAL.has(dispute.status),
    evidenceDueBy: due ? new Date(due * 1000) : null,
    createdAt: new Date(dispute.created * 1000),
    withdrawn: moved(dispute, -1),
    reinstated: moved(dispute, 1),
  };
}

/** A balance in another currency says what the bank's rate was that day; the dispute itself is in the order's. */
function moved(dispute: Stripe.Dispute, sign: 1 | -1): DisputeState['withdrawn'] {
  const moves = dispute.balance_transactions.filter(({ amount }) => Math.sign(amount) === sign);
  const [first] = moves;
  if (first === undefined) return undefined;
  const total = moves.reduce((sum, { amount }) => sum + Math.abs(amount), 0);
  const amount = first.currency === dispute.currency ? Math.min(total, dispute.amount) : dispute.amount;
  return { amount: minorUnits(amount, dispute.currency), at: new Date(first.created * 1000) };
}
