import { Field, ID, Int, ObjectType } from 'type-graphql';

export enum AuditedFact {
  CHARGE = 'CHARGE',
  TRANSFER = 'TRANSFER',
  APPLICATION_FEE = 'APPLICATION_FEE',
  TRANSFER_REVERSAL = 'TRANSFER_REVERSAL',
  APPLICATION_FEE_REFUND = 'APPLICATION_FEE_REFUND',
  REFUND = 'REFUND',
  REFUND_STATUS = 'REFUND_STATUS',
  DISPUTE = 'DISPUTE',
  DISPUTE_REVERSAL = 'DISPUTE_REVERSAL',
  DISPUTE_STATUS = 'DISPUTE_STATUS',
}

@ObjectType({ simpleResolvers: true })
export class AuditDifference {
  @Field(() => String, { description: 'What contradicts what.' })
  description!: string;
}

@ObjectType({
  simpleResolvers: true,
  description: 'Something that Stripe and we say differently of an order.',
})
export class LedgerDifference {
  @Field(() => ID)
  orderId!: string;

  @Field(() => AuditedFact)
  what!: AuditedFact;

  @Field(() => String, { description: "Stripe's id of it; `total` of what is compared for the whole order." })
  stripeId!: string;

  @Field(() => String, {
    nullable: true,
    description: 'An amount in minor units with its currency, or a status. Null where it is missing here.',
  })
  recorded!: string | null;

  @Field(() => String, { nullable: true, description: 'The same. Null where it is missing at Stripe.' })
  atStripe!: string | null;
}

@ObjectType({ simpleResolvers: true })
export class LedgerAudit {
  @Field(() => [LedgerDifference])
  differences!: LedgerDifference[];

  @Field(() => Int, { description: 'How many orders were compared.' })
  orders!: number;

  @Field(() => String, { nullable: true, description: 'Where to go on: the `after` of the next call.' })
  endCursor!: string | null;

  @Field(() => Boolean)
  hasNextPage!: boolean;
}
