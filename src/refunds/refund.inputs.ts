import { Field, ID, InputType, Int } from 'type-graphql';
import { RefundReason } from './refund.entity.js';

@InputType()
export class RefundLineInput {
  @Field(() => ID)
  lineId!: string;

  @Field(() => Int)
  quantity!: number;
}

@InputType({
  description: 'Some lines, or some attendees; with neither, everything that has not been refunded yet.',
})
export class RefundOrderInput {
  @Field(() => ID)
  orderId!: string;

  @Field(() => [RefundLineInput], {
    nullable: true,
    description: 'So many of each line; those who have not been checked in come first.',
  })
  lines?: RefundLineInput[] | null;

  @Field(() => [ID], { nullable: true })
  attendeeIds?: string[] | null;

  @Field(() => RefundReason, { description: 'Not LATE_PAYMENT and not AT_STRIPE: those are found out.' })
  reason!: RefundReason;

  @Field(() => String, { nullable: true, description: 'What the buyer is told, at most 1000 characters.' })
  note?: string | null;

  @Field(() => Boolean, { defaultValue: false, description: 'Whether the tickets go back on sale.' })
  restock!: boolean;

  @Field(() => String, {
    nullable: true,
    description:
      'Chosen by the client, 8 to 200 characters; the same key and input return the same refund, however often it is sent.',
  })
  idempotencyKey?: string | null;
}
