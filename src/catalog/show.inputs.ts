import { Field, Float, ID, InputType, ObjectType } from 'type-graphql';
import { Producer } from './producer.entity.js';

@InputType()
export class CreateProducerInput {
  @Field(() => String)
  name!: string;
}

@InputType()
export class CreateShowInput {
  @Field(() => ID)
  producerId!: string;

  @Field(() => String)
  title!: string;

  @Field(() => String, { nullable: true })
  description?: string | null;

  @Field(() => String, { nullable: true })
  venue?: string | null;

  @Field(() => String)
  timeZone!: string;

  @Field(() => Date)
  startsAt!: Date;

  @Field(() => Date, { nullable: true })
  endsAt?: Date | null;
}

@InputType()
export class ShowFilter {
  @Field(() => ID, { nullable: true })
  producerId?: string | null;

  @Field(() => String, { nullable: true, description: 'Case-insensitive match in title or venue.' })
  search?: string | null;

  @Field(() => Date, { nullable: true })
  startsAfter?: Date | null;

  @Field(() => Date, { nullable: true })
  startsBefore?: Date | null;
}

@ObjectType({ simpleResolvers: true, description: "Where a producer finishes Stripe's onboarding." })
export class StripeOnboarding {
  @Field(() => String)
  url!: string;

  @Field(() => Producer)
  producer!: Producer;
}

@ObjectType({ simpleResolvers: true, description: "What the platform takes of a producer's orders." })
export class PlatformFee {
  @Field(() => Producer)
  producer!: Producer;

  @Field(() => Float, { description: "Of each order's total, rounded half up." })
  percent!: number;

  @Field(() => Boolean, {
    description: "Whether it is this producer's own, and not what holds for everybody.",
  })
  isOwn!: boolean;
}
