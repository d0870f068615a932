import { parseShowId, parseTicketId } from '../validation/ids.js';
import type { Memberships } from './memberships.js';
import type { PublishedShow } from './published-show.js';
import type { PublishedShows } from './published-shows.js';
import type { Reading } from './reading.js';
import { Show } from './show.entity.js';
import { Ticket } from './ticket.entity.js';

/** Single shows and tickets for whoever asks: public ones from memory, drafts from the database. */
export class CatalogReader {
  constructor(
    private readonly shows: PublishedShows,
    private readonly memberships: Memberships,
  ) {}

  /** Null when there is none, or it is another producer's draft. @throws AppError BAD_USER_INPUT */
  async show(reading: Reading, id: string): Promise<Show | null> {
    const isNobody = reading.viewer() === null;
    const showId = parseShowId(id);
    const published = noted(reading, await this.shows.find(showId));
    if (published || isNobody) return published?.show ?? null;
    return this.ofTeam(reading, await reading.em.findOne(Show, { id: showId }));
  }

  /** Null when there is none, or its show is another producer's draft. @throws AppError BAD_USER_INPUT */
  async ticket(reading: Reading, id: string): Promise<Ticket | null> {
    const isNobody = reading.viewer() === null;
    const ticketId = parseTicketId(id);
    const published = noted(reading, await this.shows.findByTicket(ticketId));
    if (published) return published.tickets.find((ticket) => ticket.id === ticketId) ?? null;
    if (isNobody) return null;
    const ticket = await reading.em.findOne(Ticket, { id: ticketId });
    const show = ticket && (await reading.em.findOne(Show, { id: ticket.showId }));
    return (await this.ofTeam(reading, show)) && ticket;
  }

  private async ofTeam(reading: Reading, show: Show | null): Promise<Show | null> {
    if (show === null) return null;
    const own = await reading.use(this.memberships.own);
    return show.storedStatus !== 'DRAFT' || own.has(show.producerId) ? show : null;
  }
}

/** What is not there now may be there at any instant, and nothing would tell. */
function noted(reading: Reading, published: PublishedShow | undefined): PublishedShow | undefined {
  if (published === undefined) reading.keepPrivate();
  else reading.dependOn(published);
  return published;
}
