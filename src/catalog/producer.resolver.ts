import { Arg, Ctx, FieldResolver, Float, ID, Mutation, Resolver, Root } from 'type-graphql';
import { User } from '../accounts/index.js';
import type { RequestContext } from '../graphql/context.js';
import { catalogLoaders } from './loaders.js';
import type { PlatformFeesService } from './platform-fees.service.js';
import { Producer } from './producer.entity.js';
import type { ProducerService } from './producer.service.js';
import { CreateProducerInput, PlatformFee, StripeOnboarding } from './show.inputs.js';

@Resolver()
export class ProducerResolver {
  constructor(
    private readonly producers: ProducerService,
    private readonly platformFees: PlatformFeesService,
  ) {}

  @Mutation(() => Producer, { description: 'Whoever makes a producer owns it.' })
  async createProducer(
    @Arg('input', () => CreateProducerInput) input: CreateProducerInput,
    @Ctx() context: RequestContext,
  ): Promise<Producer> {
    return this.producers.create(context.em, context.signedIn(), input);
  }

  @Mutation(() => StripeOnboarding, {
    description: "Answers with the address of Stripe's onboarding; may be asked again until it is done.",
  })
  async connectStripeAccount(
    @Arg('producerId', () => ID) producerId: string,
    @Arg('returnUrl', () => String) returnUrl: string,
    @Arg('refreshUrl', () => String) refreshUrl: string,
    @Ctx() context: RequestContext,
  ): Promise<StripeOnboarding> {
    const viewer = context.signedIn();
    return this.producers.connectStripeAccount(context.em, viewer, producerId, { returnUrl, refreshUrl });
  }

  @Mutation(() => PlatformFee, {
    description:
      "For operators: what the platform takes of this producer's orders from now on. Null for what it takes of everybody's.",
  })
  async setPlatformFee(
    @Arg('producerId', () => ID) producerId: string,
    @Arg('percent', () => Float, { nullable: true }) percent: number | null | undefined,
    @Ctx() context: RequestContext,
  ): Promise<PlatformFee> {
    return this.platformFees.set(context.em, context.signedIn(), producerId, percent ?? null);
  }
}

@Resolver(() => User)
export class UserProducersResolver {
  @FieldResolver(() => [Producer], { description: 'The producers whose teams this user is of.' })
  producers(@Root() user: User, @Ctx() context: RequestContext): Promise<Producer[]> {
    return context.use(catalogLoaders).producersOfUser.load(user.id);
  }
}
