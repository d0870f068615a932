import type { EntityManager, FilterQuery } from '@mikro-orm/postgresql';
import { z } from 'zod';
import type { Viewer } from '../accounts/index.js';
import type { Page } from '../graphql/connection.js';
import { decode } from '../validation/decode.js';
import { parseProducerId } from '../validation/ids.js';
import { decodeCursor, encodeCursor, pageSize } from '../validation/paging.js';
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

const searchRule = z.object({
  search: z.string().trim().max(200, 'search must not be longer than 200 characters'),
});

/** Lists shows in the order they start: all that are public, and the drafts of the viewer's own producers. */
export class ShowList {
  constructor(private readonly producers: ProducerService) {}

  async page(em: EntityManager, viewer: Viewer | null, listing: ShowListing): Promise<Page<Show>> {
    const size = pageSize(listing.first);
    const after = listing.after == null ? null : decodeCursor(listing.after, /^[1-9][0-9]{0,9}$/);
    const matching = await this.matching(em, viewer, listing.filter ?? {});
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

  private async matching(
    em: EntityManager,
    viewer: Viewer | null,
    filter: NonNullable<ShowListing['filter']>,
  ): Promise<FilterQuery<Show>[]> {
    const own = viewer === null ? [] : [...(await this.producers.idsOf(em, viewer))];
    const conditions: FilterQuery<Show>[] = [
      {
        $or: [{ storedStatus: { $ne: 'DRAFT' } }, ...(own.length > 0 ? [{ producerId: { $in: own } }] : [])],
      },
    ];
    if (filter.producerId != null) {
      conditions.push({ producerId: parseProducerId(filter.producerId, 'filter.producerId') });
    }
    const { search } = decode(searchRule, { search: filter.search ?? '' });
    if (search !== '') {
      const pattern = `%${search.replace(/[\\%_]/g, '\\$&')}%`;
      conditions.push({ $or: [{ title: { $ilike: pattern } }, { venue: { $ilike: pattern } }] });
    }
    if (filter.startsAfter != null) conditions.push({ startsAt: { $gt: filter.startsAfter } });
    if (filter.startsBefore != null) conditions.push({ startsAt: { $lt: filter.startsBefore } });
    return conditions;
  }
}
