import type { EntityManager, FilterQuery } from '@mikro-orm/postgresql';
import type { Orm } from '../database/index.js';
import { encodeCursor, type Page } from '../validation/paging.js';
import type { Memberships } from './memberships.js';
import type { PublicQueries } from './public-queries.js';
import type { PublishedShows } from './published-shows.js';
import type { Reading } from './reading.js';
import { Show } from './show.entity.js';
import {
  conditionsOf,
  type DecodedListing,
  decodeListing,
  laterThan,
  type ShowListing,
} from './show-listing.js';

/** Where a show stands in a list. */
interface Place {
  readonly id: number;
  readonly cursor: string;
  readonly isDraft: boolean;
}

const isPublic = (): FilterQuery<Show> => ({ storedStatus: { $ne: 'DRAFT' } });

/** Lists shows in the order they start: all that are public, and the drafts of the viewer's own producers. */
export class ShowList {
  constructor(
    private readonly orm: Orm,
    private readonly memberships: Memberships,
    private readonly shows: PublishedShows,
    private readonly queries: PublicQueries,
  ) {}

  /** @throws AppError BAD_USER_INPUT */
  async page(reading: Reading, given: ShowListing): Promise<Page<Show>> {
    const viewer = reading.viewer();
    const listing = decodeListing(given);
    const own = viewer === null ? [] : [...(await reading.use(this.memberships.own))];
    return own.length === 0 ? this.publicPage(reading, listing) : this.teamPage(reading, listing, own);
  }

  private async publicPage(reading: Reading, listing: DecodedListing): Promise<Page<Show>> {
    const query = this.queries.of(`places ${JSON.stringify(listing)}`, () =>
      readPlaces(this.orm.em.fork(), listing, isPublic()),
    );
    const places = await query.value();
    reading.dependOn(query);
    return this.pageOf(reading, listing, places, () => this.countPublic(reading, listing));
  }

  private async countPublic(reading: Reading, listing: DecodedListing): Promise<number> {
    const query = this.queries.of(`count ${JSON.stringify(listing.filter)}`, () =>
      count(this.orm.em.fork(), listing, isPublic()),
    );
    const total = await query.value();
    reading.dependOn(query);
    return total;
  }

  /** For whoever sees drafts: which shows there are is read anew, and so is each draft. */
  private async teamPage(
    reading: Reading,
    listing: DecodedListing,
    own: readonly number[],
  ): Promise<Page<Show>> {
    const visible = { $or: [isPublic(), { producerId: { $in: [...own] } }] };
    const places = await readPlaces(reading.em, listing, visible);
    return this.pageOf(reading, listing, places, () => count(reading.em, listing, visible));
  }

  private async pageOf(
    reading: Reading,
    { size, after }: DecodedListing,
    places: readonly Place[],
    countAll: () => Promise<number>,
  ): Promise<Page<Show>> {
    const wanted = places.slice(0, size);
    const [published, drafts] = await Promise.all([
      Promise.all(wanted.map(({ id, isDraft }) => (isDraft ? undefined : this.shows.find(id)))),
      this.drafts(reading, wanted),
    ]);
    const edges = wanted.flatMap(({ id, cursor }, index) => {
      const show = published[index];
      if (show) reading.dependOn(show);
      // One that is gone since the list was read is left out, and so is the answer from being kept.
      else reading.keepPrivate();
      const node = show?.show ?? drafts.get(id);
      return node ? [{ node, cursor }] : [];
    });
    return { edges, hasNextPage: places.length > size, hasPreviousPage: after !== null, countAll };
  }

  private async drafts(reading: Reading, places: readonly Place[]): Promise<ReadonlyMap<number, Show>> {
    const ids = places.filter(({ isDraft }) => isDraft).map(({ id }) => id);
    const shows = ids.length === 0 ? [] : await reading.em.find(Show, { id: { $in: ids } });
    return new Map(shows.map((show) => [show.id, show]));
  }
}

/** One more than the page has, to tell whether there is another. */
async function readPlaces(
  em: EntityManager,
  listing: DecodedListing,
  visible: FilterQuery<Show>,
): Promise<Place[]> {
  const found = await em.find(
    Show,
    { $and: [visible, ...conditionsOf(listing), ...laterThan(listing.after)] },
    {
      fields: ['id', 'startsAt', 'storedStatus'],
      orderBy: { startsAt: 'asc', id: 'asc' },
      limit: listing.size + 1,
      disableIdentityMap: true,
    },
  );
  return found.map(({ id, startsAt, storedStatus }) => ({
    id,
    cursor: encodeCursor({ at: startsAt, id: String(id) }),
    isDraft: storedStatus === 'DRAFT',
  }));
}

function count(em: EntityManager, listing: DecodedListing, visible: FilterQuery<Show>): Promise<number> {
  return em.count(Show, { $and: [visible, ...conditionsOf(listing)] });
}
