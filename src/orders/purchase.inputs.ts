import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import { Order } from './order.entity.js';

@InputType()
export class TicketSelectionInput {
  @Field(() => ID)
  ticketId!: string;

  @Field(() => Int)
  quantity!: number;

  @Field(() => Int, {
    nullable: true,
    description:
      'The unit price in minor units that the buyer was shown. A different price now is PRICE_CHANGED.',
  })
  expectedUnitPrice?: number | null;
}

@InputType()
export class PurchaseTicketsInput {
  @Field(() => ID)
  showId!: string;

  @Field(() => [TicketSelectionInput])
  items!: TicketSelectionInput[];

  @Field(() => String)
  email!: string;

  @Field(() => String, { nullable: true })
  name?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Chosen by the client, 8 to 200 characters, unguessable (a UUID); the same key and input return the same order, however often it is sent.',
  })
  idempotencyKey?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Where the buyer goes after paying; {CHECKOUT_SESSION_ID} in it is filled in.',
  })
  successUrl?: string | null;

  @Field(() => String, { nullable: true })
  cancelUrl?: string | null;
}

@ObjectType({ simpleResolvers: true })
export class PurchaseTicketsPayload {
  @Field(() => Order)
  order!: Order;

  @Field(() => String, { nullable: true, description: 'Null when nothing is left to pay.' })
  checkoutUrl!: string | null;

  @Field(() => String, {
    description: 'Lets whoever holds it read and cancel this order without an account.',
  })
  accessToken!: string;
}
