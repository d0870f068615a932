import type { EntityManager, FilterQuery } from '@mikro-orm/postgresql';
import { z } from 'zod';
import type { Viewer } from '../accounts/index.js';
import { decode } from '../validation/decode.js';
import { isIntegerId, parseProducerId } from '../validation/ids.js';
import { decodeCursor, encodeCursor, type Page, pageSize } from '../validation/paging.js';
import { instant, searchText } from '../validation/rules.js';
import type { ProducerService } from './producer.service.js';
import { Show } from './show.entity.js';

export interface ShowListing {
  readonly first: number;
  readonly after?: string | null;
  readonly filter?: {
    readonly producerId?: string | null;
    readonly search?: string | null;
    readonly startsAfter?: Date | null;
    readonly startsBefore?: Date | null;
  } | null;
}

const filterRules = z.object({
  search: searchText('search', 200).nullish(),
  startsAfter: instant('startsAfter').nullish(),
  startsBefore: instant('startsBefore').nullish(),
});
const listingRules = z.object({ filter: filterRules });

/** Lists shows in the order they start: all that are public, and the drafts of the viewer's own producers. */
export class ShowList {
  constructor(private readonly producers: ProducerService) {}

  async page(em: EntityManager, viewer: Viewer | null, listing: ShowListing): Promise<Page<Show>> {
    const size = pageSize(listing.first);
    const after = listing.after == null ? null : decodeCursor(listing.after, isIntegerId);
    const filters = filtersOf(listing.filter ?? {});
    const matching = [await this.visible(em, viewer), ...filters];
    const later: FilterQuery<Show>[] =
      after === null
        ? []
        : [{ $or: [{ startsAt: { $gt: after.at } }, { startsAt: after.at, id: { $gt: Number(after.id) } }] }];
    const found = await em.find(
      Show,
      { $and: [...matching, ...later] },
      { orderBy: { startsAt: 'asc', id: 'asc' }, limit: size + 1 },
    );
    const nodes = found.slice(0, size);
    return {
      edges: nodes.map((node) => ({
        node,
        cursor: encodeCursor({ at: node.startsAt, id: String(node.id) }),
      })),
      hasNextPage: found.length > size,
      hasPreviousPage: after !== null,
      countAll: () => em.count(Show, { $and: matching }),
    };
  }

  private async visible(em: EntityManager, viewer: Viewer | null): Promise<FilterQuery<Show>> {
    const own = viewer === null ? [] : [...(await this.producers.idsOf(em, viewer))];
    return {
      $or: [{ storedStatus: { $ne: 'DRAFT' } }, ...(own.length > 0 ? [{ producerId: { $in: own } }] : [])],
    };
  }
}

/** @throws AppError BAD_USER_INPUT */
function filtersOf(filter: NonNullable<ShowListing['filter']>): FilterQuery<Show>[] {
  const conditions: FilterQuery<Show>[] = [];
  if (filter.producerId != null) {
    conditions.push({ producerId: parseProducerId(filter.producerId, 'filter.producerId') });
  }
  const { search, startsAfter, startsBefore } = decode(listingRules, { filter }).filter;
  if (search) {
    const pattern = `%${search.replace(/[\\%_]/g, '\\$&')}%`;
    conditions.push({ $or: [{ title: { $ilike: pattern } }, { venue: { $ilike: pattern } }] });
  }
  if (startsAfter) conditions.push({ startsAt: { $gt: startsAfter } });
  if (startsBefore) conditions.push({ startsAt: { $lt: startsBefore } });
  return conditions;
}
