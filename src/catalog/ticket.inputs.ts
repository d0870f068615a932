import { Field, InputType, Int } from 'type-graphql';

@InputType()
export class CreateTicketInput {
  @Field(() => String)
  name!: string;

  @Field(() => Int, { description: 'Minor units; 0 is a free ticket.' })
  price!: number;

  @Field(() => String, { defaultValue: 'USD' })
  currency!: string;

  @Field(() => Int)
  quantity!: number;

  @Field(() => Date, { nullable: true })
  salesStartAt?: Date | null;

  @Field(() => Date, { nullable: true })
  salesEndAt?: Date | null;

  @Field(() => Int, { defaultValue: 1 })
  minPerOrder!: number;

  @Field(() => Int, { defaultValue: 10 })
  maxPerOrder!: number;
}

@InputType({ description: 'What is left out stays as it is; null takes a sales window away.' })
export class UpdateTicketInput {
  @Field(() => String, { nullable: true })
  name?: string | null;

  @Field(() => Int, { nullable: true })
  price?: number | null;

  @Field(() => Int, { nullable: true, description: 'Never below held + sold.' })
  quantity?: number | null;

  @Field(() => Date, { nullable: true })
  salesStartAt?: Date | null;

  @Field(() => Date, { nullable: true })
  salesEndAt?: Date | null;

  @Field(() => Int, { nullable: true })
  minPerOrder?: number | null;

  @Field(() => Int, { nullable: true })
  maxPerOrder?: number | null;
}
