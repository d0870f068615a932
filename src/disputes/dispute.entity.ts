import { Entity, ManyToOne, PrimaryKey, Property } from '@mikro-orm/decorators/legacy';
import { Field, ID, ObjectType } from 'type-graphql';
import { Money } from '../graphql/money.js';
import { Order } from '../orders/entities.js';

export enum DisputeStatus {
  INQUIRY_NEEDS_RESPONSE = 'INQUIRY_NEEDS_RESPONSE',
  INQUIRY_UNDER_REVIEW = 'INQUIRY_UNDER_REVIEW',
  INQUIRY_CLOSED = 'INQUIRY_CLOSED',
  NEEDS_RESPONSE = 'NEEDS_RESPONSE',
  UNDER_REVIEW = 'UNDER_REVIEW',
  LOST = 'LOST',
  PREVENTED = 'PREVENTED',
  WON = 'WON',
}

@Entity({ tableName: 'dispute' })
@ObjectType({
  simpleResolvers: true,
  description:
    "A payment that the buyer's bank takes back, or asks about. Evidence is handed in on Stripe's dashboard.",
})
export class Dispute {
  @Field(() => ID)
  @PrimaryKey({ type: 'text' })
  id!: string;

  @ManyToOne(() => Order, { mapToPk: true, fieldName: 'order_id' })
  orderId!: string;

  /** Minor units of `currency`. */
  @Property({ type: 'integer', fieldName: 'amount' })
  disputedAmount!: number;

  @Property({ type: 'text' })
  currency!: string;

  @Field(() => String, { description: "Stripe's word for it, e.g. `fraudulent`." })
  @Property({ type: 'text' })
  reason!: string;

  @Field(() => DisputeStatus)
  @Property({ type: 'text' })
  status!: DisputeStatus;

  @Field(() => Date, { nullable: true, description: 'Until when evidence is accepted.' })
  @Property({ type: 'datetime', nullable: true })
  evidenceDueBy: Date | null = null;

  @Field(() => Date)
  @Property({ type: 'datetime' })
  createdAt!: Date;

  @Field(() => Date, { nullable: true, description: 'When it was found to be decided.' })
  @Property({ type: 'datetime', nullable: true })
  closedAt: Date | null = null;

  /** When to ask Stripe about it next; null once it is decided. */
  @Property({ type: 'datetime', nullable: true })
  checkAt: Date | null = null;

  @Field(() => Money)
  amount(): Money {
    return { amount: this.disputedAmount, currency: this.currency };
  }
}
