import type Stripe from 'stripe';
import type { Collection } from '../state/collection.js';
import { invalidRequest, missingResource } from './errors.js';
import { type Field, integer, object, optional, type Read, text } from './fields.js';

/** https://docs.stripe.com/api/pagination */
export const pagingFields = {
  limit: optional(integer({ minimum: 1 })),
  starting_after: optional(text()),
  ending_before: optional(text()),
} as const;

type Paging = Read<typeof pagingFields>;

interface Created {
  readonly gt?: number | undefined;
  readonly gte?: number | undefined;
  readonly lt?: number | undefined;
  readonly lte?: number | undefined;
}

const range = object({
  gt: optional(integer()),
  gte: optional(integer()),
  lt: optional(integer()),
  lte: optional(integer()),
});

/** `created=123` or `created[gte]=123`. */
export const createdField: Field<Created | undefined> = {
  read(value, name) {
    if (value === undefined) return undefined;
    if (typeof value === 'object') return range.read(value, name);
    const exact = integer().read(value, name);
    return { gte: exact, lte: exact };
  },
};

export function isWithin(created: number, wanted: Created | undefined): boolean {
  if (wanted === undefined) return true;
  return (
    created > (wanted.gt ?? -Infinity) &&
    created >= (wanted.gte ?? -Infinity) &&
    created < (wanted.lt ?? Infinity) &&
    created <= (wanted.lte ?? Infinity)
  );
}

/**
 * One page, newest first. `starting_after` continues towards older objects, `ending_before` towards
 * newer ones; the page itself is newest first either way.
 */
export function page<T extends { readonly id: string }>(
  collection: Collection<T>,
  paging: Paging,
  url: string,
  accepts: (item: T) => boolean = () => true,
): Stripe.ApiList<T> {
  const limit = readLimit(paging.limit);
  if (paging.ending_before !== undefined && paging.starting_after !== undefined) {
    throw invalidRequest('You may only specify one of these parameters: starting_after, ending_before.');
  }
  const newer = paging.ending_before !== undefined;
  const found: T[] = [];
  for (const item of walk(collection, paging)) {
    if (!accepts(item)) continue;
    found.push(item);
    if (found.length > limit) break;
  }
  const data = found.slice(0, limit);
  if (newer) data.reverse();
  return { object: 'list', data, has_more: found.length > limit, url };
}

function* walk<T extends { readonly id: string }>(collection: Collection<T>, paging: Paging): Generator<T> {
  if (paging.ending_before !== undefined) {
    const from = cursor(collection, paging.ending_before, 'ending_before');
    for (let place = from + 1; place < collection.size; place += 1) yield collection.at(place)!;
    return;
  }
  const from =
    paging.starting_after === undefined
      ? collection.size
      : cursor(collection, paging.starting_after, 'starting_after');
  for (let place = from - 1; place >= 0; place -= 1) yield collection.at(place)!;
}

function cursor<T extends { readonly id: string }>(
  collection: Collection<T>,
  id: string,
  param: string,
): number {
  const place = collection.placeOf(id);
  if (place === -1) throw missingResource('object', id, param, 400);
  return place;
}

function readLimit(limit: number | undefined): number {
  if (limit === undefined) return 10;
  if (limit <= 100) return limit;
  throw invalidRequest('Invalid integer: limit must be between 1 and 100', {
    code: 'parameter_invalid_integer',
    param: 'limit',
  });
}
