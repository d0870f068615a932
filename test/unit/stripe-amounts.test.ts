import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AppError } from '../../src/errors.js';
import {
  applicationFee,
  checkPayable,
  fromStripeAmount,
  smallestAmount,
  toStripeAmount,
  UnpayableAmountError,
} from '../../src/payments/index.js';
import { currencyDecimals } from '../../src/validation/money.js';

const CURRENCIES = ['USD', 'EUR', 'JPY', 'KRW', 'KWD', 'BHD', 'TND', 'ISK', 'UGX', 'MGA', 'HUF', 'IDR'];
const currencies = fc.constantFrom(...CURRENCIES);
/** Amounts that can be paid, as many of the smallest ones as fit. */
const payable = currencies.chain((currency) =>
  fc
    .integer({ min: 0, max: 999_999 })
    .map((parts) => ({ currency, amount: parts * smallestAmount(currency) })),
);
const tenThousandths = fc.integer({ min: 0, max: 1_000_000 });

describe('an amount at Stripe', () => {
  it.each([
    [1_250, 'USD', 1_250],
    [1_250, 'JPY', 1_250],
    [5_120, 'KWD', 5_120],
    [5, 'ISK', 500],
    [5, 'UGX', 500],
    [500, 'MGA', 5],
    [12_300, 'HUF', 12_300],
  ])('of %i minor units of %s is %i', (amount, currency, atStripe) => {
    expect(toStripeAmount(amount, currency)).toBe(atStripe);
    expect(fromStripeAmount(atStripe, currency)).toBe(amount);
    expect(fromStripeAmount(atStripe, currency.toLowerCase())).toBe(amount);
  });

  it.each([
    [5_124, 'KWD'],
    [50, 'MGA'],
    [100, 'KPW'],
    [100, 'IQD'],
  ])('does not exist for %i minor units of %s', (amount, currency) => {
    expect(() => toStripeAmount(amount, currency)).toThrow(UnpayableAmountError);
  });

  it('is whole, what Stripe takes, and the same amount on the way back', () => {
    fc.assert(
      fc.property(payable, ({ amount, currency }) => {
        const atStripe = toStripeAmount(amount, currency);
        expect(Number.isInteger(atStripe)).toBe(true);
        expect(fromStripeAmount(atStripe, currency)).toBe(amount);
        if (currencyDecimals(currency) === 3) expect(atStripe % 10).toBe(0);
        if (currency === 'ISK' || currency === 'UGX') expect(atStripe % 100).toBe(0);
      }),
    );
  });

  it('keeps sums: lines add up to the total at Stripe as they do here', () => {
    const lines = currencies.chain((currency) =>
      fc.record({
        currency: fc.constant(currency),
        parts: fc.array(fc.integer({ min: 1, max: 99_999 }), { minLength: 1, maxLength: 10 }),
      }),
    );
    fc.assert(
      fc.property(lines, ({ currency, parts }) => {
        const amounts = parts.map((part) => part * smallestAmount(currency));
        const total = amounts.reduce((sum, amount) => sum + amount, 0);
        const atStripe = amounts.map((amount) => toStripeAmount(amount, currency));
        expect(atStripe.reduce((sum, amount) => sum + amount, 0)).toBe(toStripeAmount(total, currency));
      }),
    );
  });

  it('that the currency has no unit for is never taken for one that it has', () => {
    expect(Number.isInteger(fromStripeAmount(550, 'ugx'))).toBe(false);
  });
});

describe('the application fee', () => {
  it.each([
    [980, 'USD', 2.5, 25],
    [979, 'USD', 2.5, 24],
    [1_100, 'JPY', 2.5, 28],
    [10_240, 'KWD', 2.5, 260],
    [10_200, 'KWD', 2.5, 260],
    [1_000, 'KWD', 0.4, 0],
    [100_000, 'MGA', 0.05, 100],
    [1_000, 'USD', 0, 0],
    [1_000, 'KWD', 100, 1_000],
  ])('of %i minor units of %s at %d %% is %i', (total, currency, percent, fee) => {
    expect(applicationFee(total, currency, percent)).toBe(fee);
  });

  it('is what Stripe can move, nearest to the exact share, half up, from 0 to the total', () => {
    fc.assert(
      fc.property(payable, tenThousandths, ({ amount, currency }, parts) => {
        const fee = applicationFee(amount, currency, parts / 10_000);
        expect(Number.isInteger(toStripeAmount(fee, currency))).toBe(true);
        expect(fee).toBeGreaterThanOrEqual(0);
        expect(fee).toBeLessThanOrEqual(amount);
        const smallest = BigInt(smallestAmount(currency)) * 1_000_000n;
        const distance = 2n * (BigInt(fee) * 1_000_000n - BigInt(amount) * BigInt(parts));
        expect(distance > -smallest && distance <= smallest).toBe(true);
      }),
    );
  });
});

describe('whether an amount can be paid', () => {
  function refusal(amount: number, currency: string): unknown {
    try {
      checkPayable(amount, currency, 'price', 'currency');
      return undefined;
    } catch (error) {
      if (error instanceof AppError) return { code: error.code, ...error.details };
      throw error;
    }
  }

  it.each([
    [0, 'KPW', undefined],
    [0, 'USD', undefined],
    [1, 'USD', undefined],
    [99_999_999, 'USD', undefined],
    [100_000_000, 'USD', { field: 'price', maximum: 99_999_999 }],
    [999_999, 'ISK', undefined],
    [1_000_000, 'ISK', { field: 'price', maximum: 999_999 }],
    [2_147_483_600, 'MGA', undefined],
    [1_005, 'KWD', { field: 'price', multipleOf: 10 }],
    [1_010, 'KWD', undefined],
    [50, 'MGA', { field: 'price', multipleOf: 100 }],
    [100, 'IQD', { field: 'currency' }],
    [100, 'XAU', { field: 'currency' }],
  ])('%i minor units of %s: %j', (amount, currency, expected) => {
    expect(refusal(amount, currency)).toEqual(expected && { code: 'BAD_USER_INPUT', ...expected });
  });

  it('goes with what Stripe can be told', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 999_999 }), currencies, (amount, currency) => {
        if (refusal(amount, currency) === undefined) toStripeAmount(amount, currency);
        else expect(() => toStripeAmount(amount, currency)).toThrow(UnpayableAmountError);
      }),
    );
  });
});
