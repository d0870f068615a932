import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isAppError } from '../../src/errors.js';
import { isIntegerId, isUuid, parseOrderId } from '../../src/validation/ids.js';
import { decodeCursor, encodeCursor, pageSize } from '../../src/validation/paging.js';

/** The error's message, or what the work returned. */
function outcome(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    if (!isAppError(error, 'BAD_USER_INPUT')) throw error;
    return `${String(error.details.field)}: ${error.message}`;
  }
}

const REFUSED = 'after: Invalid cursor; use one that a page answered with';
const instants = fc.date({
  min: new Date('0001-01-01T00:00:00.000Z'),
  max: new Date('9999-12-31T23:59:59.999Z'),
  noInvalidDate: true,
});

describe('a cursor', () => {
  it('leads back to the position it was made of', () => {
    fc.assert(
      fc.property(instants, fc.integer({ min: 1, max: 2_147_483_647 }), (at, id) => {
        const position = { at, id: String(id) };
        expect(decodeCursor(encodeCursor(position), isIntegerId)).toEqual(position);
      }),
    );
    fc.assert(
      fc.property(instants, fc.uuid(), (at, id) => {
        expect(decodeCursor(encodeCursor({ at, id }), isUuid)).toEqual({ at, id });
      }),
    );
  });

  it('is made of letters that no URL and no header has to quote', () => {
    fc.assert(
      fc.property(instants, fc.uuid(), (at, id) => expect(encodeCursor({ at, id })).toMatch(/^[\w-]+$/)),
    );
  });

  it('made of anything else is refused, and nothing but refused', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.string().map((text) => Buffer.from(text).toString('base64url')),
      fc.tuple(fc.string(), fc.string()).map((parts) => Buffer.from(parts.join('|')).toString('base64url')),
    );
    fc.assert(
      fc.property(texts, (text) => expect(outcome(() => decodeCursor(text, isIntegerId))).toBe(REFUSED)),
    );
  });

  it('of one kind of list is refused by the other', () => {
    const at = new Date();
    const shows = encodeCursor({ at, id: '7' });
    const orders = encodeCursor({ at, id: '00000000-0000-4000-8000-000000000000' });
    expect(outcome(() => decodeCursor(orders, isIntegerId))).toBe(REFUSED);
    expect(outcome(() => decodeCursor(shows, isUuid))).toBe(REFUSED);
  });

  it.each(['-271821-04-20T00:00:00.000Z', '+275760-09-13T00:00:00.000Z', '0000-12-31T00:00:00.000Z'])(
    'at %s is refused: PostgreSQL could not compare with it',
    (instant) => {
      const cursor = Buffer.from(`${instant}|7`).toString('base64url');
      expect(outcome(() => decodeCursor(cursor, isIntegerId))).toBe(REFUSED);
    },
  );
});

describe('a page size', () => {
  it.each([1, 20, 100])('may be %i', (first) => {
    expect(pageSize(first)).toBe(first);
  });

  it.each([0, -1, 101, 2_147_483_647, Number.NaN])('may not be %d', (first) => {
    expect(outcome(() => pageSize(first))).toBe('first: first must be from 1 to 100');
  });
});

describe('an id', () => {
  it('that is an integer has exactly one way to be written', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2_147_483_647 }), (id) => {
        expect(isIntegerId(String(id))).toBe(true);
        for (const text of [
          `0${id}`,
          `+${id}`,
          `-${id}`,
          ` ${id}`,
          `${id} `,
          `${id}.0`,
          `${id}n`,
          `${id}\n`,
        ]) {
          expect(isIntegerId(text)).toBe(false);
        }
      }),
    );
  });

  it('that is no integer in range is none', () => {
    for (const text of ['0', '2147483648', '9999999999', '10000000000', '', 'NaN', '1e3', '١']) {
      expect(isIntegerId(text)).toBe(false);
    }
  });

  it('of an order is read in small letters', () => {
    const id = 'ABCDEF00-0000-4000-8000-00000000ABCD';
    expect(parseOrderId(id)).toBe(id.toLowerCase());
    expect(outcome(() => parseOrderId(`{${id}}`))).toBe('id: Invalid order ID format');
  });
});
