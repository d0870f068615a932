import { Arg, Ctx, FieldResolver, ID, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import type { RequestContext } from '../graphql/context.js';
import { TicketStatus, ticketStatus } from '../inventory/index.js';
import { catalogLoaders } from './loaders.js';
import type { ProducerService } from './producer.service.js';
import { Show } from './show.entity.js';
import { Ticket } from './ticket.entity.js';
import { CreateTicketInput, UpdateTicketInput } from './ticket.inputs.js';
import type { TicketService } from './ticket.service.js';

const CAPACITY =
  "Capacity: quantity = available + held + sold, at every instant. Null for whoever is not of the producer's team.";

@Resolver(() => Ticket)
export class TicketResolver {
  constructor(
    private readonly tickets: TicketService,
    private readonly producers: ProducerService,
  ) {}

  @Query(() => Ticket, { nullable: true })
  async ticket(@Arg('id', () => ID) id: string, @Ctx() context: RequestContext): Promise<Ticket | null> {
    return this.tickets.find(context.em, context.viewer(), id);
  }

  @Mutation(() => Ticket)
  async createTicket(
    @Arg('showId', () => ID) showId: string,
    @Arg('input', () => CreateTicketInput) input: CreateTicketInput,
    @Ctx() context: RequestContext,
  ): Promise<Ticket> {
    return this.tickets.create(context.em, context.signedIn(), showId, input);
  }

  @Mutation(() => Ticket, { description: 'Orders that exist keep the price they were made with.' })
  async updateTicket(
    @Arg('id', () => ID) id: string,
    @Arg('input', () => UpdateTicketInput) input: UpdateTicketInput,
    @Ctx() context: RequestContext,
  ): Promise<Ticket> {
    return this.tickets.update(context.em, context.signedIn(), id, input);
  }

  @FieldResolver(() => Show)
  show(@Root() ticket: Ticket, @Ctx() context: RequestContext): Promise<Show> {
    return context.use(catalogLoaders).show.load(ticket.showId);
  }

  @FieldResolver(() => TicketStatus)
  async status(@Root() ticket: Ticket, @Ctx() context: RequestContext): Promise<TicketStatus> {
    const show = await this.show(ticket, context);
    const sale = {
      quantity: ticket.quantity,
      held: ticket.held,
      sold: ticket.sold,
      salesStartAt: ticket.salesStartAt,
      salesEndAt: ticket.salesEndAt,
      showStatus: show.storedStatus,
      showEndsAt: show.endsAt ?? show.startsAt,
    };
    return ticketStatus(sale, new Date());
  }

  @FieldResolver(() => Int, { nullable: true, description: CAPACITY })
  async quantity(@Root() ticket: Ticket, @Ctx() context: RequestContext): Promise<number | null> {
    return (await this.isTeam(ticket, context)) ? ticket.quantity : null;
  }

  @FieldResolver(() => Int, { nullable: true, description: CAPACITY })
  async held(@Root() ticket: Ticket, @Ctx() context: RequestContext): Promise<number | null> {
    return (await this.isTeam(ticket, context)) ? ticket.held : null;
  }

  @FieldResolver(() => Int, { nullable: true, description: CAPACITY })
  async sold(@Root() ticket: Ticket, @Ctx() context: RequestContext): Promise<number | null> {
    return (await this.isTeam(ticket, context)) ? ticket.sold : null;
  }

  private async isTeam(ticket: Ticket, context: RequestContext): Promise<boolean> {
    const viewer = context.viewer();
    if (viewer === null) return false;
    const [own, show] = await Promise.all([context.use(this.ownProducerIds), this.show(ticket, context)]);
    return own.has(show.producerId);
  }

  private readonly ownProducerIds = (context: RequestContext): Promise<ReadonlySet<number>> =>
    this.producers.idsOf(context.em, context.signedIn());
}
