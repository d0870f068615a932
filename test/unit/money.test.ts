import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  currencyDecimals,
  formatMoney,
  isCurrency,
  LARGEST_INT,
  percentOf,
} from '../../src/validation/money.js';

describe('percentOf', () => {
  it.each([
    [1_000, 10, 100],
    [999, 10, 100],
    [994, 10, 99],
    [995, 10, 100],
    [5, 10, 1],
    [4, 10, 0],
    [1, 50, 1],
    [333, 33.3333, 111],
    [200, 0.25, 1],
    [199, 0.25, 0],
    [100, 1.005, 1],
    [150, 1, 2],
    [149, 1, 1],
    [0, 100, 0],
    [LARGEST_INT, 100, LARGEST_INT],
    [LARGEST_INT, 0, 0],
    [LARGEST_INT, 2.9, 62_277_026],
  ])('of %i at %f %% is %i, half a minor unit rounded up', (total, percent, share) => {
    expect(percentOf(total, percent)).toBe(share);
  });

  it('is the nearest whole number, never below 0 or above the total', () => {
    const total = fc.integer({ min: 0, max: LARGEST_INT });
    const tenThousandths = fc.integer({ min: 0, max: 1_000_000 });
    fc.assert(
      fc.property(total, tenThousandths, (amount, parts) => {
        const share = percentOf(amount, parts / 10_000);
        // Twice the distance to the exact share, in millionths, is at most one whole; at exactly half it goes up.
        const distance = 2n * (BigInt(share) * 1_000_000n - BigInt(amount) * BigInt(parts));
        expect(distance > -1_000_000n && distance <= 1_000_000n).toBe(true);
        expect(share).toBeGreaterThanOrEqual(0);
        expect(share).toBeLessThanOrEqual(amount);
      }),
    );
  });
});

describe('currencies', () => {
  it.each(['USD', 'EUR', 'JPY', 'KWD', 'CHF'])('know %s', (code) => {
    expect(isCurrency(code)).toBe(true);
  });

  it.each(['usd', 'Usd', 'US', 'USDX', '', 'XYZ', 'US$', ' USD'])('do not know %j', (code) => {
    expect(isCurrency(code)).toBe(false);
  });

  it.each([
    ['USD', 2],
    ['EUR', 2],
    ['JPY', 0],
    ['KRW', 0],
    ['KWD', 3],
    ['IQD', 3],
    ['HUF', 2],
    ['IDR', 2],
    ['ISK', 0],
    ['UGX', 0],
    ['MGA', 2],
  ])('of %s have %i decimals', (code, decimals) => {
    expect(currencyDecimals(code)).toBe(decimals);
  });

  it.each([
    [1_250, 'USD', '$12.50'],
    [5, 'EUR', '€0.05'],
    [1_200, 'JPY', '¥1,200'],
    [LARGEST_INT, 'USD', '$21,474,836.47'],
    [0, 'GBP', '£0.00'],
    [123_456, 'HUF', 'HUF 1,234.56'],
  ])('%i of %s reads %s', (amount, code, text) => {
    expect(formatMoney(amount, code).replace(/\s/g, ' ')).toBe(text);
  });

  it('with three decimals are written with all of them', () => {
    expect(formatMoney(1_234_567, 'KWD').replace(/\s/g, ' ')).toBe('KWD 1,234.567');
  });
});
