import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/legacy';
import { Field, ID, ObjectType } from 'type-graphql';

@Entity({ tableName: 'producer' })
@ObjectType({ simpleResolvers: true, description: 'Whoever puts shows on sale and is paid for them.' })
export class Producer {
  @Field(() => ID)
  @PrimaryKey({ type: 'integer' })
  id!: number;

  @Field(() => String)
  @Property({ type: 'text' })
  name!: string;

  @Property({ type: 'text', nullable: true })
  stripeAccountId: string | null = null;

  /** Names this producer to Stripe, where the ids of several installations may meet. */
  @Property({ type: 'uuid' })
  stripeAccountKey!: string;

  /** Of each order's total, as PostgreSQL writes it; null where the platform's own percentage holds. */
  @Property({ type: 'decimal', precision: 7, scale: 4, nullable: true })
  platformFeePercent: string | null = null;

  @Field(() => Boolean, {
    description: 'True once the Stripe account behind this producer may take charges.',
  })
  @Property({ type: 'boolean' })
  canAcceptPayments: boolean = false;

  /** How often Stripe was asked about the account. */
  @Property({ type: 'integer' })
  stripeQuestions: number = 0;

  /** Which of these questions `canAcceptPayments` answers: an answer to an older one comes too late. */
  @Property({ type: 'integer' })
  stripeAnswer: number = 0;

  @Property({ type: 'datetime' })
  createdAt: Date = new Date();
}
