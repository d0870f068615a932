/** The largest value of GraphQL's Int, and so of any amount: 2^31-1 minor units. */
export const LARGEST_INT = 2_147_483_647;

const CURRENCIES: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'));

/** Whether this is an ISO 4217 code in upper case. */
export function isCurrency(value: string): boolean {
  return CURRENCIES.has(value);
}

/**
 * Minor units of ISO 4217 (list one, column "Minor unit") other than 2. Not those of `Intl`, which follow how people
 * write prices: it gives HUF and IDR none.
 */
const DECIMALS: ReadonlyMap<string, number> = new Map([
  ...pairs('BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF', 0),
  ...pairs('BHD IQD JOD KWD LYD OMR TND', 3),
  ...pairs('CLF UYW', 4),
]);

function pairs(currencies: string, decimals: number): [string, number][] {
  return currencies.split(' ').map((currency) => [currency, decimals]);
}

/** How many decimals the currency's minor unit stands for: 2 for USD, 0 for JPY, 3 for KWD (ISO 4217). */
export function currencyDecimals(currency: string): number {
  return DECIMALS.get(currency) ?? 2;
}

/** An amount in minor units as a person reads it, e.g. `$12.50` or `¥1,200`. */
export function formatMoney(amount: number, currency: string): string {
  const decimals = currencyDecimals(currency);
  return new Intl.NumberFormat('en', {
    style: 'currency',
    currency,
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  }).format(amount / 10 ** decimals);
}

/**
 * The platform's share of a total: `percent` of it, rounded half up to the minor unit.
 * Works in integers, since 0.1 has no exact binary form and cents must not depend on that.
 *
 * @param percent with up to four decimals, e.g. 2.5
 */
export function percentOf(total: number, percent: number): number {
  const tenThousandths = BigInt(Math.round(percent * 10_000));
  const scaled = BigInt(total) * tenThousandths;
  const unit = 1_000_000n;
  return Number((scaled + unit / 2n) / unit);
}
