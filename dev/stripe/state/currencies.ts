import { invalidRequest } from '../wire/errors.js';

/** https://docs.stripe.com/currencies#zero-decimal */
const ZERO_DECIMAL = new Set('bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf'.split(' '));
/** https://docs.stripe.com/currencies#three-decimal */
const THREE_DECIMAL = new Set('bhd jod kwd omr tnd'.split(' '));
/**
 * Have no fractions any more, but stay two-decimal at Stripe, the two always 00
 * (https://docs.stripe.com/currencies#special-cases).
 */
const NO_FRACTIONS = new Set(['isk', 'ugx']);
const TWO_DECIMAL = new Set(
  `usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob brl bsd bwp byn bzd cad cdf chf
  cny cop crc cve czk dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gtq gyd hkd hnl htg huf idr ils inr isk
  jmd kes kgs khr kyd kzt lak lbp lkr lrd lsl mad mdl mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ngn nio nok
  npr nzd pab pen pgk php pkr pln qar ron rsd rub sar sbd scr sek sgd shp sle sos srd std szl thb tjs top try
  ttd twd tzs uah ugx uyu uzs wst xcd yer zar zmw`.split(/\s+/),
);

/** Smallest charge in minor units: https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts */
const MINIMUM: Readonly<Record<string, number>> = {
  ...Object.fromEntries(
    'usd ars aud brl cad chf cop eur idr ils inr jpy krw nzd php rub sgd zar'
      .split(' ')
      .map((currency) => [currency, 50]),
  ),
  aed: 200,
  bgn: 100,
  czk: 1500,
  dkk: 250,
  gbp: 30,
  hkd: 400,
  huf: 17_500,
  mxn: 1000,
  myr: 200,
  nok: 300,
  pln: 200,
  ron: 200,
  sek: 300,
  thb: 1000,
};

/** Eight digits, but for these (same page): what every payment method takes. Some cards would take more. */
const MAXIMUM = 99_999_999;
const HIGHER_MAXIMUM: Readonly<Record<string, number>> = {
  cop: 9_999_999_999,
  idr: 999_999_999_999,
  inr: 999_999_999,
};

export function currencyDecimals(currency: string): number {
  if (ZERO_DECIMAL.has(currency)) return 0;
  return THREE_DECIMAL.has(currency) ? 3 : 2;
}

/** "$12.00", "¥500", "KWD 1.250": minor units as people read them. */
export function formatAmount(amount: number, currency: string): string {
  const decimals = currencyDecimals(currency);
  return new Intl.NumberFormat('en', {
    style: 'currency',
    currency: currency.toUpperCase(),
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  }).format(amount / 10 ** decimals);
}

/** @throws StripeFailure for what Stripe takes no money in; upper case is accepted, as Stripe does. */
export function readCurrency(given: string, param: string): string {
  const currency = given.toLowerCase();
  if (ZERO_DECIMAL.has(currency) || THREE_DECIMAL.has(currency) || TWO_DECIMAL.has(currency)) return currency;
  throw invalidRequest(
    `Invalid currency: ${currency}. Stripe currently supports these currencies: usd, eur, gbp, jpy, and more: https://stripe.com/docs/currencies`,
    { param },
  );
}

/**
 * The last digit of a three-decimal amount must be 0: partners round to two decimals
 * (https://docs.stripe.com/currencies#three-decimal). ISK and UGX must be whole.
 */
export function checkFraction(amount: number, currency: string, param: string): void {
  const step = smallestStep(currency);
  if (amount % step === 0) return;
  const unit = step === 10 ? 'the nearest ten' : 'the nearest hundred: it has no fractions';
  throw invalidRequest(
    `Invalid amount: ${currency.toUpperCase()} amounts must be multiples of ${step} in the smallest unit, round ${amount} to ${unit}.`,
    { param },
  );
}

/** What every amount is a multiple of, in minor units. */
export function smallestStep(currency: string): number {
  if (NO_FRACTIONS.has(currency)) return 100;
  return THREE_DECIMAL.has(currency) ? 10 : 1;
}

/**
 * A total of 0 is a free order and allowed; all else lies between Stripe's bounds.
 *
 * @param subject what the message names, such as `Amount`
 */
export function checkTotal(amount: number, currency: string, subject: string): void {
  const minimum = MINIMUM[currency] ?? 1;
  if (amount !== 0 && amount < minimum) {
    throw invalidRequest(
      `${subject} must add up to at least ${formatAmount(minimum, currency)} ${currency}`,
      {
        code: 'amount_too_small',
      },
    );
  }
  const maximum = HIGHER_MAXIMUM[currency] ?? MAXIMUM;
  if (amount > maximum) {
    throw invalidRequest(`${subject} must be no more than ${formatAmount(maximum, currency)}`, {
      code: 'amount_too_large',
    });
  }
}
