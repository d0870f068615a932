import { Field, Int, ObjectType } from 'type-graphql';

@ObjectType({
  simpleResolvers: true,
  description: "An amount in the currency's minor unit (cents for USD, yen for JPY).",
})
export class Money {
  @Field(() => Int)
  amount!: number;

  @Field(() => String, { description: 'ISO 4217, upper case.' })
  currency!: string;
}
