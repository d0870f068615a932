import { GraphQLSafeInt } from 'graphql-scalars';
import { Field, ID, Int, ObjectType } from 'type-graphql';
import { Money } from '../graphql/money.js';

@ObjectType({ simpleResolvers: true, description: 'Money that has arrived for an order.' })
export class Payment {
  @Field(() => ID, { description: "Stripe's PaymentIntent." })
  id!: string;

  readonly producerId!: number;

  @Field(() => Money, { description: 'What the buyer paid.' })
  amount!: Money;

  /** The platform's share; shown to the producer's team alone, as is `net`. */
  readonly feeTaken!: Money;
  readonly netReceived!: Money;

  @Field(() => Date)
  createdAt!: Date;
}

@ObjectType({
  simpleResolvers: true,
  description: "A sum of many amounts in the currency's minor unit, which may be larger than an Int.",
})
export class MoneyTotal {
  @Field(() => GraphQLSafeInt)
  amount!: number;

  @Field(() => String, { description: 'ISO 4217, upper case.' })
  currency!: string;
}

@ObjectType({
  simpleResolvers: true,
  description:
    'What moved in one currency, in its minor unit; each movement counts where its own instant falls.',
})
export class SalesFigures {
  @Field(() => String, { description: 'ISO 4217, upper case.' })
  currency!: string;

  @Field(() => GraphQLSafeInt, { description: 'What buyers paid.' })
  gross!: number;

  @Field(() => GraphQLSafeInt, { description: 'What buyers were given back, less refunds that failed.' })
  refunded!: number;

  @Field(() => GraphQLSafeInt, { description: "The platform's share, less what it gave back of it." })
  fees!: number;

  @Field(() => GraphQLSafeInt, { description: 'What banks took back, less what was won.' })
  disputed!: number;

  @Field(() => GraphQLSafeInt, {
    description: "What the producer's account received, less fees and what was taken back from it.",
  })
  net!: number;

  @Field(() => Int, { description: 'Confirmed orders that were paid in this time.' })
  orders!: number;

  @Field(() => Int, { description: 'The tickets of these orders, whatever became of them since.' })
  tickets!: number;
}
