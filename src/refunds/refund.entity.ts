import { Entity, ManyToOne, PrimaryKey, Property } from '@mikro-orm/decorators/legacy';
import { Field, ID, ObjectType } from 'type-graphql';
import { User } from '../accounts/entities.js';
import { Money } from '../graphql/money.js';
import { Order } from '../orders/entities.js';

export enum RefundReason {
  REQUESTED_BY_CUSTOMER = 'REQUESTED_BY_CUSTOMER',
  DUPLICATE = 'DUPLICATE',
  FRAUDULENT = 'FRAUDULENT',
  SHOW_CANCELLED = 'SHOW_CANCELLED',
  /** The payment arrived after the order had ended. */
  LATE_PAYMENT = 'LATE_PAYMENT',
  /** Made at Stripe itself; it says nothing of who may enter. */
  AT_STRIPE = 'AT_STRIPE',
  OTHER = 'OTHER',
}

export enum RefundStatus {
  PENDING = 'PENDING',
  SUCCEEDED = 'SUCCEEDED',
  FAILED = 'FAILED',
}

@Entity({ tableName: 'refund' })
@ObjectType({
  simpleResolvers: true,
  description:
    'Money of an order that is given back; or free tickets that are taken back, with an amount of 0.',
})
export class Refund {
  @Field(() => ID)
  @PrimaryKey({ type: 'uuid' })
  id!: string;

  @ManyToOne(() => Order, { mapToPk: true, fieldName: 'order_id' })
  orderId!: string;

  /** Minor units of `currency`. */
  @Property({ type: 'integer', fieldName: 'amount' })
  refundedAmount!: number;

  @Property({ type: 'text' })
  currency!: string;

  @Field(() => RefundReason)
  @Property({ type: 'text' })
  reason!: RefundReason;

  @Field(() => String, {
    nullable: true,
    description: "What the producer's team says about it; the buyer is told.",
  })
  @Property({ type: 'text', nullable: true })
  note: string | null = null;

  @Field(() => Boolean, { description: 'Whether the tickets went back on sale.' })
  @Property({ type: 'boolean' })
  restock: boolean = false;

  @Field(() => RefundStatus)
  @Property({ type: 'text' })
  status: RefundStatus = RefundStatus.PENDING;

  /** Rises each time that a failed refund is tried again. */
  @Property({ type: 'integer' })
  attempt: number = 1;

  /** `re_...` of the present attempt, once Stripe has taken it on. */
  @Property({ type: 'text', nullable: true })
  stripeRefundId: string | null = null;

  @Field(() => String, {
    nullable: true,
    description: "Stripe's word for why it failed, e.g. `expired_or_canceled_card`.",
  })
  @Property({ type: 'text', nullable: true })
  failureReason: string | null = null;

  @ManyToOne(() => User, { mapToPk: true, fieldName: 'requested_by', nullable: true })
  requestedBy: string | null = null;

  @Property({ type: 'text', nullable: true })
  idempotencyKey: string | null = null;

  /** SHA-256 of the whole input, in hex: the same key with another input is refused. */
  @Property({ type: 'text', nullable: true })
  inputHash: string | null = null;

  @Field(() => Date)
  @Property({ type: 'datetime' })
  createdAt: Date = new Date();

  @Field(() => Date, { nullable: true, description: 'When it succeeded or failed.' })
  @Property({ type: 'datetime', nullable: true })
  settledAt: Date | null = null;

  /** When Stripe was asked first for the present attempt; it may know of it from then on. */
  @Property({ type: 'datetime', nullable: true })
  askedAt: Date | null = null;

  /** When to look after it next; null once it has settled. */
  @Property({ type: 'datetime', nullable: true })
  checkAt: Date | null = null;

  @Field(() => Money)
  amount(): Money {
    return { amount: this.refundedAmount, currency: this.currency };
  }
}
