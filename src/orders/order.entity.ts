import { Entity, ManyToOne, PrimaryKey, Property } from '@mikro-orm/decorators/legacy';
import { Field, ID, ObjectType } from 'type-graphql';
import { User } from '../accounts/entities.js';
import { Show } from '../catalog/entities.js';
import { Money } from '../graphql/money.js';

export enum OrderStatus {
  PENDING = 'PENDING',
  CONFIRMED = 'CONFIRMED',
  EXPIRED = 'EXPIRED',
  CANCELLED = 'CANCELLED',
}

export enum PaymentStatus {
  NOT_REQUIRED = 'NOT_REQUIRED',
  UNPAID = 'UNPAID',
  PROCESSING = 'PROCESSING',
  PAID = 'PAID',
  FAILED = 'FAILED',
  PARTIALLY_REFUNDED = 'PARTIALLY_REFUNDED',
  REFUNDED = 'REFUNDED',
  DISPUTED = 'DISPUTED',
}

@Entity({ tableName: 'orders' })
@ObjectType({ simpleResolvers: true })
export class Order {
  @Field(() => ID)
  @PrimaryKey({ type: 'uuid' })
  id!: string;

  @Field(() => String, { description: 'Short code that a person can read out, unique.' })
  @Property({ type: 'text' })
  reference!: string;

  @ManyToOne(() => Show, { mapToPk: true, fieldName: 'show_id' })
  showId!: number;

  @ManyToOne(() => User, { mapToPk: true, fieldName: 'buyer_id', nullable: true })
  buyerId: string | null = null;

  @Field(() => String)
  @Property({ type: 'text' })
  email!: string;

  @Property({ type: 'text', nullable: true })
  name: string | null = null;

  @Field(() => OrderStatus)
  @Property({ type: 'text' })
  status!: OrderStatus;

  @Field(() => PaymentStatus)
  @Property({ type: 'text' })
  paymentStatus!: PaymentStatus;

  /** Minor units of `currency`. */
  @Property({ type: 'integer' })
  totalAmount!: number;

  @Property({ type: 'text' })
  currency!: string;

  @Field(() => Date)
  @Property({ type: 'datetime' })
  createdAt!: Date;

  @Field(() => Date, { nullable: true, description: 'Until when a PENDING order holds its inventory.' })
  @Property({ type: 'datetime', nullable: true })
  expiresAt: Date | null = null;

  @Field(() => Date, { nullable: true })
  @Property({ type: 'datetime', nullable: true })
  confirmedAt: Date | null = null;

  /** As it was when the order was made: what is paid for does not change its name. Null in old orders. */
  @Property({ type: 'text', nullable: true })
  showTitle: string | null = null;

  /** When it expired or was cancelled. */
  @Property({ type: 'datetime', nullable: true })
  endedAt: Date | null = null;

  /** Set before Stripe is asked to expire the session, so that its event is taken for what it is. */
  @Property({ type: 'datetime', nullable: true })
  cancelRequestedAt: Date | null = null;

  /** When to ask Stripe about this order next; null once nothing is left to ask. */
  @Property({ type: 'datetime', nullable: true })
  checkAt: Date | null = null;

  @Property({ type: 'text', nullable: true })
  idempotencyKey: string | null = null;

  /** SHA-256 of the whole input, in hex: the same key with another input is refused. */
  @Property({ type: 'text', nullable: true })
  inputHash: string | null = null;

  /** What `idempotencyKey` was before the order was given up, and is again once it is reopened. */
  @Property({ type: 'text', nullable: true })
  releasedIdempotencyKey: string | null = null;

  @Property({ type: 'text', nullable: true })
  successUrl: string | null = null;

  @Property({ type: 'text', nullable: true })
  cancelUrl: string | null = null;

  /** The platform's share, in minor units. */
  @Property({ type: 'integer' })
  applicationFeeAmount: number = 0;

  /** The producer's Stripe account at the time of purchase. */
  @Property({ type: 'text', nullable: true })
  stripeAccountId: string | null = null;

  @Property({ type: 'text', nullable: true })
  checkoutSessionId: string | null = null;

  @Property({ type: 'text', fieldName: 'checkout_url', nullable: true })
  checkoutPage: string | null = null;

  @Property({ type: 'text', nullable: true })
  paymentIntentId: string | null = null;

  /** Of making a Checkout Session: each attempt has an idempotency key of its own at Stripe. */
  @Property({ type: 'integer' })
  checkoutAttempt: number = 1;

  /** When its inventory was last taken again, for another attempt. */
  @Property({ type: 'datetime', nullable: true })
  reopenedAt: Date | null = null;

  @Field(() => Money)
  total(): Money {
    return { amount: this.totalAmount, currency: this.currency };
  }

  @Field(() => String, {
    nullable: true,
    description: 'Stripe Checkout page of a PENDING order that has something to pay.',
  })
  checkoutUrl(): string | null {
    const payable = this.status === OrderStatus.PENDING && this.paymentStatus === PaymentStatus.UNPAID;
    return payable ? this.checkoutPage : null;
  }
}
