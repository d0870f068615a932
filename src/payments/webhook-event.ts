import { Field, ID, Int, ObjectType } from 'type-graphql';

export enum WebhookEventOutcome {
  APPLIED = 'APPLIED',
  IGNORED = 'IGNORED',
  REFUSED = 'REFUSED',
  FAILED = 'FAILED',
}

@ObjectType({
  simpleResolvers: true,
  description: 'One event of Stripe, as operators see it: what it was about, and what came of it.',
})
export class WebhookEvent {
  @Field(() => ID, { description: "Stripe's id of the event." })
  id!: string;

  @Field(() => String, { nullable: true, description: "The connected account; null for the platform's own." })
  account!: string | null;

  @Field(() => String)
  type!: string;

  @Field(() => String, { nullable: true, description: 'The object that the event is about.' })
  objectId!: string | null;

  @Field(() => ID, { nullable: true, description: 'The order that the event is about, as far as is known.' })
  orderId!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'platform or connect; null for an event that never arrived and was found by asking Stripe.',
  })
  endpoint!: string | null;

  @Field(() => WebhookEventOutcome)
  outcome!: WebhookEventOutcome;

  @Field(() => Int, { description: 'How often it arrived.' })
  deliveries!: number;

  @Field(() => Int, { description: 'How often it was processed: again after a failure, or when replayed.' })
  attempts!: number;

  @Field(() => String, {
    nullable: true,
    description: 'Of the last attempt that failed, also where a later one did not.',
  })
  lastError!: string | null;

  @Field(() => Date, { description: 'When it happened at Stripe.' })
  createdAt!: Date;

  @Field(() => Date)
  receivedAt!: Date;

  @Field(() => Date, { description: 'When it was last attempted.' })
  processedAt!: Date;
}
