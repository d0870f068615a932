import { badUserInput } from '../errors.js';
import { currencyDecimals, LARGEST_INT, percentOf } from '../validation/money.js';

/**
 * Every currency that Stripe charges in, by the decimals that its API counts an amount in; and what of it cannot be
 * charged. (Source: docs.stripe.com/currencies, also its special cases: ISK and UGX have no decimals, but are given
 * with two that must be zero.)
 */
const STRIPE_DECIMALS: ReadonlyMap<string, number> = new Map(
  [
    ['BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF', 0] as const,
    ['BHD JOD KWD OMR TND', 3] as const,
    [
      `USD AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BWP BYN BZD CAD CDF CHF CNY COP
      CRC CVE CZK DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR ISK JMD KES KGS KHR
      KYD KZT LAK LBP LKR LRD LSL MAD MDL MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP
      PKR PLN QAR RON RSD RUB SAR SBD SCR SEK SGD SHP SLE SOS SRD STD SZL THB TJS TOP TRY TTD TWD TZS UAH UGX UYU UZS WST
      XCD YER ZAR ZMW`,
      2,
    ] as const,
  ].flatMap(([currencies, decimals]) =>
    currencies.split(/\s+/).map((currency): [string, number] => [currency, decimals]),
  ),
);

/** Amounts in currencies with three decimals end in 0: banks behind Stripe count in two. */
const THREE_DECIMAL_STEP = 10;

/** "Up to eight digits" (docs.stripe.com/currencies, maximum charge amounts); in Stripe's own units. */
const LARGEST_AT_STRIPE = 99_999_999;

/** An amount that Stripe cannot be told, since its currency has units there which it is no multiple of. */
export class UnpayableAmountError extends Error {
  override readonly name = 'UnpayableAmountError';
}

/**
 * @param amount ISO 4217 minor units
 * @returns the same amount as Stripe's API counts it
 * @throws UnpayableAmountError where Stripe has no such amount, or no such currency
 */
export function toStripeAmount(amount: number, currency: string): number {
  if (!STRIPE_DECIMALS.has(currency))
    throw new UnpayableAmountError(`Stripe takes no payments in ${currency}`);
  if (amount % smallestAmount(currency) !== 0) {
    throw new UnpayableAmountError(`Stripe cannot charge ${amount} minor units of ${currency}`);
  }
  const scale = decimalsApart(currency);
  return scale >= 0 ? amount * 10 ** scale : amount / 10 ** -scale;
}

/**
 * @param amount as Stripe's API counts it
 * @param currency as Stripe writes it, or as we do
 * @returns ISO 4217 minor units; a fraction where Stripe was paid what the currency has no unit for
 */
export function fromStripeAmount(amount: number, currency: string): number {
  const scale = decimalsApart(currency.toUpperCase());
  return scale >= 0 ? amount / 10 ** scale : amount * 10 ** -scale;
}

/** The same for what was charged by us, and so is no fraction; what Stripe rounds otherwise is rounded half up. */
export function minorUnits(amount: number, currency: string): number {
  return Math.round(fromStripeAmount(amount, currency));
}

/**
 * The ISO 4217 minor units that every amount given to Stripe must be a multiple of: 1 for most currencies, 10 for
 * those with three decimals, 100 for MGA.
 */
export function smallestAmount(currency: string): number {
  if (STRIPE_DECIMALS.get(currency) === 3) return THREE_DECIMAL_STEP;
  return Math.max(1, 10 ** -decimalsApart(currency));
}

/**
 * The platform's share: `percent` of the total, rounded half up to the smallest amount that Stripe can move in this
 * currency.
 *
 * @param total ISO 4217 minor units, a multiple of that smallest amount
 * @param percent from 0 to 100, with up to four decimals
 * @returns ISO 4217 minor units, from 0 to `total`
 */
export function applicationFee(total: number, currency: string, percent: number): number {
  const smallest = smallestAmount(currency);
  return percentOf(total / smallest, percent) * smallest;
}

/**
 * @param amount a price or a total in ISO 4217 minor units; 0 is never paid, and so always right
 * @param amountField what to name in the error where the amount is at fault
 * @param currencyField and where it is the currency
 * @throws AppError BAD_USER_INPUT where Stripe could not charge it
 */
export function checkPayable(
  amount: number,
  currency: string,
  amountField: string,
  currencyField = amountField,
): void {
  if (amount === 0) return;
  if (!STRIPE_DECIMALS.has(currency)) {
    throw badUserInput(currencyField, `Nothing can be paid in ${currency}; only free tickets can have it`);
  }
  const smallest = smallestAmount(currency);
  if (amount % smallest !== 0) {
    throw badUserInput(amountField, `Amounts in ${currency} must be multiples of ${smallest} minor units`, {
      multipleOf: smallest,
    });
  }
  const most = Math.min(Math.floor(fromStripeAmount(LARGEST_AT_STRIPE, currency)), LARGEST_INT);
  if (amount > most) {
    throw badUserInput(amountField, `No more than ${most} minor units of ${currency} can be paid at once`, {
      maximum: most,
    });
  }
}

function decimalsApart(currency: string): number {
  return (STRIPE_DECIMALS.get(currency) ?? 2) - currencyDecimals(currency);
}
