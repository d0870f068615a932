import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { proportion } from '../../dev/stripe/actions/reversals.js';
import { formatAmount } from '../../dev/stripe/state/currencies.js';

describe('proportions', () => {
  it('of parts that make the whole add up to the whole', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 9_999_999 }), { minLength: 1, maxLength: 10 }),
        fc.integer({ min: 0, max: 99_999_999 }),
        (parts, whole) => {
          const total = parts.reduce((sum, part) => sum + part, 0);
          let given = 0;
          let done = 0;
          for (const part of parts) {
            done += part;
            const share = proportion(whole, done, total) - given;
            expect(share).toBeGreaterThanOrEqual(0);
            given += share;
          }
          expect(given).toBe(whole);
        },
      ),
    );
  });

  it('are rounded half up', () => {
    expect([proportion(1, 1, 2), proportion(3, 1, 2), proportion(1, 1, 3), proportion(2, 1, 3)]).toEqual([
      1, 2, 0, 1,
    ]);
  });
});

describe('amounts', () => {
  it.each([
    [1250, 'usd', '$12.50'],
    [1250, 'jpy', '¥1,250'],
    [1250, 'kwd', 'KWD\u00a01.250'],
    [0, 'eur', '€0.00'],
  ])('%d %s reads %s', (amount, currency, read) => {
    expect(formatAmount(amount, currency)).toBe(read);
  });
});
