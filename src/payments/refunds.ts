import type Stripe from 'stripe';
import { isUuid } from '../validation/ids.js';
import { minorUnits, toStripeAmount } from './stripe-amounts.js';
import type { StripeCalls } from './stripe-calls.js';

export interface RefundAttempt {
  readonly refundId: string;
  /** Each attempt has an idempotency key of its own, since Stripe keeps what it answered to the one before. */
  readonly attempt: number;
  readonly orderId: string;
  readonly paymentIntentId: string;
  /** Minor units. */
  readonly amount: number;
  /** ISO 4217, upper case. */
  readonly currency: string;
  readonly reason: Stripe.RefundCreateParams.Reason | undefined;
  /** Whether the platform took a fee, of which a part is then given back. */
  readonly hasApplicationFee: boolean;
}

/** What Stripe says of a refund, and of what its charge has given back by then. */
export interface RefundState {
  /** `re_...` */
  readonly id: string;
  readonly status: 'PENDING' | 'SUCCEEDED' | 'FAILED';
  /** Minor units. */
  readonly amount: number;
  /** ISO 4217, upper case. */
  readonly currency: string;
  readonly paymentIntentId: string | null;
  /** Stripe's own word for it, e.g. `lost_or_stolen_card`. */
  readonly failureReason: string | null;
  readonly createdAt: Date;
  /** The attempt of ours that it is; undefined for one that was made at Stripe. */
  readonly attemptOf: { readonly refundId: string; readonly attempt: number } | undefined;
  /** What was taken back from the producer by all refunds of the charge together, in minor units. */
  readonly transferReversed: number;
  /** What the platform gave back of its fee, by all of them together, in minor units. */
  readonly applicationFeeRefunded: number;
}

const TOTALS = ['charge.transfer', 'charge.application_fee'];
const MOST_OF_A_CHARGE = 100;

/** Stripe's refunds of what orders have paid. */
export class Refunds {
  constructor(
    private readonly stripe: Stripe,
    private readonly calls: StripeCalls,
  ) {}

  /** The same attempt is made once, however often it is asked for within the day that Stripe keeps its key. */
  async create(request: RefundAttempt): Promise<RefundState> {
    const refund = await this.calls.run('refunds.create', (options) =>
      this.stripe.refunds.create(parametersOf(request), {
        ...options,
        idempotencyKey: `refund:${request.refundId}:${request.attempt}`,
      }),
    );
    return stateOf(refund);
  }

  /** @param refundId Stripe's, `re_...` */
  async retrieve(refundId: string): Promise<RefundState> {
    const refund = await this.calls.run('refunds.retrieve', (options) =>
      this.stripe.refunds.retrieve(refundId, { expand: TOTALS }, options),
    );
    return stateOf(refund);
  }

  /** What the metadata of a payment says of whose it is; undefined for those of others on the same account. */
  async orderOf(paymentIntentId: string): Promise<string | undefined> {
    const intent = await this.calls.run('paymentIntents.retrieve', (options) =>
      this.stripe.paymentIntents.retrieve(paymentIntentId, {}, options),
    );
    const orderId = intent.metadata.order_id ?? '';
    return isUuid(orderId) ? orderId : undefined;
  }

  /** All refunds of a payment, whoever made them, oldest first. */
  async ofPayment(paymentIntentId: string): Promise<RefundState[]> {
    const refunds: Stripe.Refund[] = [];
    for (let more = true; more; ) {
      const last = refunds.at(-1)?.id;
      const page = await this.calls.run('refunds.list', (options) =>
        this.stripe.refunds.list(
          {
            payment_intent: paymentIntentId,
            limit: MOST_OF_A_CHARGE,
            expand: TOTALS.map((field) => `data.${field}`),
            ...(last !== undefined && { starting_after: last }),
          },
          options,
        ),
      );
      refunds.push(...page.data);
      more = page.has_more;
    }
    return refunds.reverse().map(stateOf);
  }
}

function parametersOf(request: RefundAttempt): Stripe.RefundCreateParams {
  return {
    payment_intent: request.paymentIntentId,
    amount: toStripeAmount(request.amount, request.currency),
    reverse_transfer: true,
    // Stripe refuses to give back a fee that was never taken.
    ...(request.hasApplicationFee && { refund_application_fee: true }),
    ...(request.reason !== undefined && { reason: request.reason }),
    metadata: {
      order_id: request.orderId,
      refund_id: request.refundId,
      attempt: String(request.attempt),
    },
    expand: TOTALS,
  };
}

const STATUS_OF: Readonly<Record<string, RefundState['status']>> = {
  succeeded: 'SUCCEEDED',
  failed: 'FAILED',
  canceled: 'FAILED',
};

/** @see https://docs.stripe.com/api/refunds/object; what is not decided yet is pending or requires_action */
function stateOf(refund: Stripe.Refund): RefundState {
  const charge = typeof refund.charge === 'object' ? refund.charge : null;
  const intent = refund.payment_intent;
  const status = STATUS_OF[refund.status ?? ''] ?? 'PENDING';
  const totals = {
    transferReversed: typeof charge?.transfer === 'object' ? (charge.transfer?.amount_reversed ?? 0) : 0,
    applicationFeeRefunded:
      typeof charge?.application_fee === 'object' ? (charge.application_fee?.amount_refunded ?? 0) : 0,
  };
  return {
    id: refund.id,
    status,
    amount: minorUnits(refund.amount, refund.currency),
    currency: refund.currency.toUpperCase(),
    paymentIntentId: typeof intent === 'string' ? intent : (intent?.id ?? null),
    failureReason: status === 'FAILED' ? (refund.failure_reason ?? refund.status) : null,
    createdAt: new Date(refund.created * 1000),
    attemptOf: attemptIn(refund.metadata),
    transferReversed: minorUnits(totals.transferReversed, refund.currency),
    applicationFeeRefunded: minorUnits(totals.applicationFeeRefunded, refund.currency),
  };
}

/** Others on the same Stripe account write metadata of their own. */
function attemptIn(metadata: Stripe.Metadata | null): RefundState['attemptOf'] {
  const refundId = metadata?.refund_id ?? '';
  const attempt = Number(metadata?.attempt);
  return isUuid(refundId) && Number.isInteger(attempt) ? { refundId, attempt } : undefined;
}
