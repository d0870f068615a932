import { Arg, Ctx, FieldResolver, ID, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import type { RequestContext } from '../graphql/context.js';
import { TicketStatus, ticketStatus } from '../inventory/index.js';
import type { CatalogReader } from './catalog-reader.js';
import { catalogLoaders } from './loaders.js';
import type { Memberships } from './memberships.js';
import { PublicTicket } from './published-show.js';
import { Show } from './show.entity.js';
import { Ticket } from './ticket.entity.js';
import { CreateTicketInput, UpdateTicketInput } from './ticket.inputs.js';
import type { TicketService } from './ticket.service.js';

const CAPACITY =
  "Capacity: quantity = available + held + sold, at every instant. Null for whoever is not of the producer's team.";

type MaybeNumber = null | Promise<number | null>;

@Resolver(() => Ticket)
export class TicketResolver {
  constructor(
    private readonly tickets: TicketService,
    private readonly reader: CatalogReader,
    private readonly memberships: Memberships,
  ) {}

  @Query(() => Ticket, { nullable: true })
  async ticket(@Arg('id', () => ID) id: string, @Ctx() context: RequestContext): Promise<Ticket | null> {
    return this.reader.ticket(context, id);
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
  show(@Root() ticket: Ticket, @Ctx() context: RequestContext): Show | Promise<Show> {
    if (ticket instanceof PublicTicket) return ticket.published.show;
    return context.use(catalogLoaders).show.load(ticket.showId);
  }

  @FieldResolver(() => TicketStatus)
  status(@Root() ticket: Ticket, @Ctx() context: RequestContext): TicketStatus | Promise<TicketStatus> {
    const show = this.show(ticket, context);
    const statusIn = (known: Show) => ticketStatus(ticket.saleIn(known), new Date());
    return show instanceof Promise ? show.then(statusIn) : statusIn(show);
  }

  @FieldResolver(() => Int, { nullable: true, description: CAPACITY })
  quantity(@Root() ticket: Ticket, @Ctx() context: RequestContext): MaybeNumber {
    return this.forTeam(ticket, context, ticket.quantity);
  }

  @FieldResolver(() => Int, { nullable: true, description: CAPACITY })
  held(@Root() ticket: Ticket, @Ctx() context: RequestContext): MaybeNumber {
    return this.forTeam(ticket, context, ticket.held);
  }

  @FieldResolver(() => Int, { nullable: true, description: CAPACITY })
  sold(@Root() ticket: Ticket, @Ctx() context: RequestContext): MaybeNumber {
    return this.forTeam(ticket, context, ticket.sold);
  }

  /** Whoever is not signed in is of no team, and whatever the team alone may see is in no shared answer. */
  private forTeam(ticket: Ticket, context: RequestContext, value: number): MaybeNumber {
    if (context.viewer() === null) return null;
    return Promise.all([context.use(this.memberships.own), this.show(ticket, context)]).then(([own, show]) =>
      own.has(show.producerId) ? value : null,
    );
  }
}
