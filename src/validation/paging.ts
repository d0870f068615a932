import { badUserInput } from '../errors.js';

export const LARGEST_PAGE = 100;

/** @throws AppError BAD_USER_INPUT unless 1 to 100 */
export function pageSize(first: number): number {
  if (first >= 1 && first <= LARGEST_PAGE) return first;
  throw badUserInput('first', `first must be from 1 to ${LARGEST_PAGE}`);
}

/** What a service answers for one page; the total is counted only when it is asked for. */
export interface Page<Node> {
  readonly edges: readonly { readonly node: Node; readonly cursor: string }[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  countAll(): Promise<number>;
}

/** A place in a list that is ordered by an instant and, where two are the same, by id. */
export interface Position {
  readonly at: Date;
  readonly id: string;
}

/** Opaque to clients: what it is made of may change. */
export function encodeCursor({ at, id }: Position): string {
  return Buffer.from(`${at.toISOString()}|${id}`).toString('base64url');
}

/**
 * @param isId whether the id in the cursor can be one of this list
 * @throws AppError BAD_USER_INPUT for what this server did not give out
 */
export function decodeCursor(cursor: string, isId: (id: string) => boolean): Position {
  const [instant = '', id = ''] = Buffer.from(cursor.slice(0, 200), 'base64url').toString('utf8').split('|');
  const at = new Date(instant);
  // PostgreSQL knows fewer years than JavaScript does; nothing listed is outside those of four digits.
  if (Number.isNaN(at.getTime()) || !/^(?!0000)\d{4}-/.test(instant) || !isId(id)) {
    throw badUserInput('after', 'Invalid cursor; use one that a page answered with');
  }
  return { at, id };
}
