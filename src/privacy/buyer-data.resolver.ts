import { GraphQLJSONObject } from 'graphql-scalars';
import { Arg, Ctx, Field, Int, Mutation, ObjectType, Query, Resolver } from 'type-graphql';
import type { RequestContext } from '../graphql/context.js';
import type { BuyerDataService } from './buyer-data.service.js';

@ObjectType({ simpleResolvers: true, description: 'What was erased now; erasing again finds nothing more.' })
export class BuyerErasure {
  @Field(() => Int)
  orders!: number;

  @Field(() => Int)
  attendees!: number;

  @Field(() => Boolean, {
    description: "False where there was no account, and for the account of a producer's team, which is kept.",
  })
  accountErased!: boolean;
}

@Resolver()
export class BuyerDataResolver {
  constructor(private readonly buyers: BuyerDataService) {}

  @Query(() => GraphQLJSONObject, {
    description:
      "Everything that is stored about the viewer's account and what it has bought. With an e-mail address, for operators: about whoever has bought with it.",
  })
  async exportBuyer(
    @Arg('email', () => String, { nullable: true }) email: string | null | undefined,
    @Ctx() context: RequestContext,
  ) {
    const data = await this.buyers.export(context.em, context.signedIn(), email);
    context.count(data.orders);
    return data;
  }

  @Mutation(() => BuyerErasure, {
    description:
      "Erases name and e-mail address from the viewer's account and everything it has bought, for good. Tickets stay valid, and what was paid stays in the books. With an e-mail address, for operators: of whoever has bought with it.",
  })
  async eraseBuyer(
    @Arg('email', () => String, { nullable: true }) email: string | null | undefined,
    @Ctx() context: RequestContext,
  ): Promise<BuyerErasure> {
    return this.buyers.erase(context.em, context.signedIn(), email);
  }
}
