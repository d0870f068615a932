import type { FilterQuery } from '@mikro-orm/postgresql';
import { z } from 'zod';
import { decode } from '../validation/decode.js';
import { isIntegerId, parseProducerId } from '../validation/ids.js';
import { decodeCursor, type Position, pageSize } from '../validation/paging.js';
import { instant, searchText } from '../validation/rules.js';
import type { Show } from './show.entity.js';

/** What a client asks for. */
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

/** The same, checked; two of the same text ask for the same. */
export interface DecodedListing {
  readonly size: number;
  readonly after: Position | null;
  readonly filter: {
    readonly producerId?: number;
    readonly search?: string | null;
    readonly startsAfter?: Date | null;
    readonly startsBefore?: Date | null;
  };
}

const rules = z.object({
  filter: z.object({
    search: searchText('search', 200).nullish(),
    startsAfter: instant('startsAfter').nullish(),
    startsBefore: instant('startsBefore').nullish(),
  }),
});

/** @throws AppError BAD_USER_INPUT */
export function decodeListing(listing: ShowListing): DecodedListing {
  const size = pageSize(listing.first);
  const after = listing.after == null ? null : decodeCursor(listing.after, isIntegerId);
  const given = listing.filter ?? {};
  const producerId =
    given.producerId == null ? {} : { producerId: parseProducerId(given.producerId, 'filter.producerId') };
  const { search, startsAfter, startsBefore } = decode(rules, { filter: given }).filter;
  return { size, after, filter: { ...producerId, search, startsAfter, startsBefore } };
}

/** What shows have to be like to be in the list, wherever in it. */
export function conditionsOf({ filter }: DecodedListing): FilterQuery<Show>[] {
  const { producerId, search, startsAfter, startsBefore } = filter;
  const pattern = search && `%${search.replace(/[\\%_]/g, '\\$&')}%`;
  return [
    ...(producerId === undefined ? [] : [{ producerId }]),
    ...(pattern ? [{ $or: [{ title: { $ilike: pattern } }, { venue: { $ilike: pattern } }] }] : []),
    ...(startsAfter ? [{ startsAt: { $gt: startsAfter } }] : []),
    ...(startsBefore ? [{ startsAt: { $lt: startsBefore } }] : []),
  ];
}

/** Where in the list the page begins. */
export function laterThan(after: Position | null): FilterQuery<Show>[] {
  if (after === null) return [];
  return [{ $or: [{ startsAt: { $gt: after.at } }, { startsAt: after.at, id: { $gt: Number(after.id) } }] }];
}
