import { Arg, Ctx, Field, ID, InputType, Int, Mutation, Query, Resolver } from 'type-graphql';
import { connectionType, edgeType } from '../graphql/connection.js';
import type { RequestContext } from '../graphql/context.js';
import { WebhookEvent, WebhookEventOutcome } from './webhook-event.js';
import type { WebhookEventsService } from './webhook-events.service.js';

const WebhookEventEdge = edgeType('WebhookEvent', WebhookEvent);
const WebhookEventConnection = connectionType('WebhookEvent', WebhookEvent, WebhookEventEdge);

@InputType()
export class WebhookEventFilter {
  @Field(() => String, { nullable: true, description: 'As Stripe names it, e.g. checkout.session.completed' })
  type?: string | null;

  @Field(() => WebhookEventOutcome, { nullable: true })
  outcome?: WebhookEventOutcome | null;

  @Field(() => ID, { nullable: true })
  orderId?: string | null;
}

@Resolver()
export class WebhookEventResolver {
  constructor(private readonly events: WebhookEventsService) {}

  @Query(() => WebhookEventConnection, {
    description: 'For operators: the events of Stripe that arrived or were found, newest first.',
  })
  async webhookEvents(
    @Arg('first', () => Int, { defaultValue: 20, nullable: true }) first: number | null,
    @Arg('after', () => String, { nullable: true }) after: string | null | undefined,
    @Arg('filter', () => WebhookEventFilter, { nullable: true }) filter: WebhookEventFilter | null,
    @Ctx() context: RequestContext,
  ) {
    const page = await this.events.page(context.em, context.signedIn(), first ?? 20, after, filter);
    return new WebhookEventConnection(page);
  }

  @Mutation(() => WebhookEvent, {
    description:
      'For operators: applies an event as if it were new. Safe for any event, since Stripe is asked how things are now.',
  })
  async replayWebhookEvent(
    @Arg('id', () => ID) id: string,
    @Arg('account', () => String, { nullable: true }) account: string | null,
    @Ctx() context: RequestContext,
  ): Promise<WebhookEvent> {
    return this.events.replay(context.em, context.signedIn(), id, account);
  }

  @Mutation(() => [WebhookEvent], {
    description:
      'For operators: tries the oldest events that failed again, up to 20, and answers with how they are then.',
  })
  async replayFailedWebhookEvents(@Ctx() context: RequestContext): Promise<WebhookEvent[]> {
    return this.events.replayFailed(context.em, context.signedIn());
  }
}
