import { GraphQLJSONObject } from 'graphql-scalars';
import { Field, ID, ObjectType } from 'type-graphql';

/** Stored as they are: never rename one. */
export enum AuditLogAction {
  PRODUCER_CREATED = 'PRODUCER_CREATED',
  STRIPE_ACCOUNT_CONNECTED = 'STRIPE_ACCOUNT_CONNECTED',
  STRIPE_ACCOUNT_CHANGED = 'STRIPE_ACCOUNT_CHANGED',
  STRIPE_ACCOUNT_DISCONNECTED = 'STRIPE_ACCOUNT_DISCONNECTED',
  PLATFORM_FEE_SET = 'PLATFORM_FEE_SET',
  SHOW_CREATED = 'SHOW_CREATED',
  SHOW_PUBLISHED = 'SHOW_PUBLISHED',
  SHOW_CANCELLED = 'SHOW_CANCELLED',
  TICKET_CREATED = 'TICKET_CREATED',
  TICKET_UPDATED = 'TICKET_UPDATED',
  ORDER_CANCELLED = 'ORDER_CANCELLED',
  REFUND_MADE = 'REFUND_MADE',
  REFUND_RETRIED = 'REFUND_RETRIED',
  BUYER_EXPORTED = 'BUYER_EXPORTED',
  BUYER_ERASED = 'BUYER_ERASED',
  WEBHOOK_EVENT_REPLAYED = 'WEBHOOK_EVENT_REPLAYED',
  OPERATOR_GRANTED = 'OPERATOR_GRANTED',
  OPERATOR_REVOKED = 'OPERATOR_REVOKED',
}

@ObjectType({
  simpleResolvers: true,
  description: 'One thing that somebody has changed; nothing can change it any more.',
})
export class AuditLogEntry {
  @Field(() => ID)
  id!: string;

  @Field(() => AuditLogAction)
  action!: AuditLogAction;

  @Field(() => ID, {
    nullable: true,
    description: 'The account that did it; null for Boxoffice itself, Stripe, and the command line.',
  })
  actorId!: string | null;

  @Field(() => String, {
    description: 'What it was done to: Producer, Show, Ticket, Order, Refund, User or WebhookEvent.',
  })
  subjectType!: string;

  @Field(() => ID)
  subjectId!: string;

  @Field(() => GraphQLJSONObject, {
    description: 'What it came to, by action; of what was changed, each field with `from` and `to`.',
  })
  details!: Record<string, unknown>;

  @Field(() => Date)
  occurredAt!: Date;
}
