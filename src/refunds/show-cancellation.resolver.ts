import { Arg, Ctx, FieldResolver, ID, Int, Mutation, Resolver, Root } from 'type-graphql';
import { Show } from '../catalog/entities.js';
import type { Memberships } from '../catalog/index.js';
import type { RequestContext } from '../graphql/context.js';
import { refundLoaders } from './loaders.js';
import { ShowCancellation } from './show-cancellation.entity.js';
import type { ShowCancellationService } from './show-cancellation.service.js';

@Resolver(() => Show)
export class ShowCancellationResolver {
  constructor(
    private readonly cancellations: ShowCancellationService,
    private readonly memberships: Memberships,
  ) {}

  @Mutation(() => Show, {
    description:
      "Calls a show off, for good: nothing is sold any more, and everything that was paid goes back. Calling it off twice changes nothing. By the producer's team.",
  })
  async cancelShow(
    @Arg('id', () => ID) id: string,
    @Arg('reason', () => String, { nullable: true, description: 'What buyers are told.' }) reason:
      | string
      | null,
    @Ctx() context: RequestContext,
  ): Promise<Show> {
    return this.cancellations.cancel(context.em, context.signedIn(), id, reason);
  }

  @FieldResolver(() => ShowCancellation, {
    nullable: true,
    description: "Null for a show that was not called off, and for whoever is not of the producer's team.",
  })
  cancellation(@Root() show: Show, @Ctx() context: RequestContext): null | Promise<ShowCancellation | null> {
    // Whoever is not signed in is of no team, and what the team alone may see is in no shared answer.
    if (context.viewer() === null) return null;
    return context
      .use(this.memberships.own)
      .then((own) =>
        own.has(show.producerId) ? context.use(refundLoaders).cancellationOfShow.load(show.id) : null,
      );
  }
}

@Resolver(() => ShowCancellation)
export class CancellationFieldsResolver {
  @FieldResolver(() => Int, { description: 'Refunds that failed and can be tried again.' })
  refundsFailed(@Root() cancellation: ShowCancellation, @Ctx() context: RequestContext): Promise<number> {
    return context.use(refundLoaders).failedRefundsOfShow.load(cancellation.showId);
  }
}
