import { Arg, Ctx, FieldResolver, ID, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import { connectionType, edgeType } from '../graphql/connection.js';
import type { RequestContext } from '../graphql/context.js';
import type { CatalogReader } from './catalog-reader.js';
import { catalogLoaders } from './loaders.js';
import { Producer } from './producer.entity.js';
import { PublicShow } from './published-show.js';
import { Show } from './show.entity.js';
import { CreateShowInput, ShowFilter } from './show.inputs.js';
import type { ShowService } from './show.service.js';
import type { ShowList } from './show-list.js';
import { Ticket } from './ticket.entity.js';

const ShowEdge = edgeType('Show', Show);
const ShowConnection = connectionType('Show', Show, ShowEdge);

@Resolver(() => Show)
export class ShowResolver {
  constructor(
    private readonly shows: ShowService,
    private readonly reader: CatalogReader,
    private readonly list: ShowList,
  ) {}

  @Query(() => Show, { nullable: true, name: 'show' })
  async show(@Arg('id', () => ID) id: string, @Ctx() context: RequestContext): Promise<Show | null> {
    return this.reader.show(context, id);
  }

  @Query(() => ShowConnection, { name: 'shows', description: 'In the order they start. At most 100 a page.' })
  async shows_(
    @Arg('first', () => Int, { defaultValue: 20, nullable: true }) first: number | null,
    @Arg('after', () => String, { nullable: true }) after: string | null,
    @Arg('filter', () => ShowFilter, { nullable: true }) filter: ShowFilter | null,
    @Ctx() context: RequestContext,
  ) {
    return new ShowConnection(await this.list.page(context, { first: first ?? 20, after, filter }));
  }

  @Mutation(() => Show, { description: "As a draft, which only the producer's team can see." })
  async createShow(
    @Arg('input', () => CreateShowInput) input: CreateShowInput,
    @Ctx() context: RequestContext,
  ): Promise<Show> {
    return this.shows.create(context.em, context.signedIn(), input);
  }

  @Mutation(() => Show, { description: 'Puts a draft on sale. Publishing twice changes nothing.' })
  async publishShow(@Arg('id', () => ID) id: string, @Ctx() context: RequestContext): Promise<Show> {
    return this.shows.publish(context.em, context.signedIn(), id);
  }

  @FieldResolver(() => Producer)
  producer(@Root() show: Show, @Ctx() context: RequestContext): Producer | Promise<Producer> {
    if (show instanceof PublicShow) return show.published.producer;
    return context.use(catalogLoaders).producer.load(show.producerId);
  }

  @FieldResolver(() => [Ticket])
  tickets(@Root() show: Show, @Ctx() context: RequestContext): readonly Ticket[] | Promise<Ticket[]> {
    if (show instanceof PublicShow) return context.count(show.published.tickets);
    return context.counted(context.use(catalogLoaders).ticketsOfShow.load(show.id));
  }
}
