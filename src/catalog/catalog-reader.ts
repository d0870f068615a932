import type { RequestContext } from '../graphql/context.js';
import { parseShowId, parseTicketId } from '../validation/ids.js';
import type { Memberships } from './memberships.js';
import type { PublishedShow } from './published-show.js';
import type { PublishedShows } from './published-shows.js';
import { Show } from './show.entity.js';
import { Ticket } from './ticket.entity.js';

/** Single shows and tickets for whoever asks: public ones from memory, drafts from the database. */
export class CatalogReader {
  constructor(
    private readonly shows: PublishedShows,
    private readonly memberships: Memberships,
  ) {}

  /** Null when there is none, or it is another producer's draft. @throws AppError BAD_USER_INPUT */
  async show(context: RequestContext, id: string): Promise<Show | null> {
    const isNobody = context.viewer() === null;
    const showId = parseShowId(id);
    const published = noted(context, await this.shows.find(showId));
    if (published || isNobody) return published?.show ?? null;
    return this.ofTeam(context, await context.em.findOne(Show, { id: showId }));
  }

  /** Null when there is none, or its show is another producer's draft. @throws AppError BAD_USER_INPUT */
  async ticket(context: RequestContext, id: string): Promise<Ticket | null> {
    const isNobody = context.viewer() === null;
    const ticketId = parseTicketId(id);
    const published = noted(context, await this.shows.findByTicket(ticketId));
    if (published) return published.tickets.find((ticket) => ticket.id === ticketId) ?? null;
    if (isNobody) return null;
    const ticket = await context.em.findOne(Ticket, { id: ticketId });
    const show = ticket && (await context.em.findOne(Show, { id: ticket.showId }));
    return (await this.ofTeam(context, show)) && ticket;
  }

  private async ofTeam(context: RequestContext, show: Show | null): Promise<Show | null> {
    if (show === null) return null;
    const own = await context.use(this.memberships.own);
    return show.storedStatus !== 'DRAFT' || own.has(show.producerId) ? show : null;
  }
}

/** What is not there now may be there at any instant, and nothing would tell. */
function noted(context: RequestContext, published: PublishedShow | undefined): PublishedShow | undefined {
  if (published === undefined) context.keepPrivate();
  else context.dependOn(published);
  return published;
}
