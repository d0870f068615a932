import { invalidRequest } from '../wire/errors.js';

/** https://docs.stripe.com/currencies#zero-decimal */
const ZERO_DECIMAL = new Set('bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf'.split(' '));
/** https://docs.stripe.com/currencies#three-decimal */
const THREE_DECIMAL = new Set('bhd jod kwd omr tnd'.split(' '));
const TWO_DECIMAL = new Set(
  `usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob brl bsd bwp byn bzd cad cdf chf
  cny cop crc cve czk dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gtq gyd hkd hnl htg huf idr ils inr isk
  jmd kes kgs khr kyd kzt lak lbp lkr lrd lsl mad mdl mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ngn nio nok
  npr nzd pab pen pgk php pkr pln qar ron rsd rub sar sbd scr sek sgd shp sle sos srd std szl thb tjs top try
  ttd twd tzs uah uyu uzs wst xcd yer zar zmw`.split(/\s+/),
);

/** Smallest charge in minor units: https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts */
const MINIMUM: Readonly<Record<string, number>> = {
  usd: 50,
  aed: 200,
  aud: 50,
  bgn: 100,
  brl: 50,
  cad: 50,
  chf: 50,
  czk: 1500,
  dkk: 250,
  eur: 50,
  gbp: 30,
  hkd: 400,
  huf: 17_500,
  inr: 50,
  jpy: 50,
  mxn: 1000,
  myr: 200,
  nok: 300,
  nzd: 50,
  pln: 200,
  ron: 200,
  sek: 300,
  sgd: 50,
  thb: 1000,
};

/** Eight digits, for every currency we sell in (same page, "maximum charge amounts"). */
const MAXIMUM = 99_999_999;

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
 * (https://docs.stripe.com/currencies#three-decimal).
 */
export function checkLastDigit(amount: number, currency: string, param: string): void {
  if (!THREE_DECIMAL.has(currency) || amount % 10 === 0) return;
  throw invalidRequest(
    `Invalid amount: ${currency.toUpperCase()} amounts must be multiples of 10 in the smallest unit, round ${amount} to the nearest ten.`,
    { param },
  );
}

/** A total of 0 is a free order and allowed; all else lies between Stripe's bounds. */
export function checkTotal(amount: number, currency: string): void {
  const minimum = MINIMUM[currency] ?? 1;
  if (amount !== 0 && amount < minimum) {
    throw invalidRequest(
      `The Checkout Session's total amount due must add up to at least ${formatAmount(minimum, currency)} ${currency}`,
      { code: 'amount_too_small' },
    );
  }
  if (amount > MAXIMUM) {
    throw invalidRequest(
      `The Checkout Session's total amount due must be no more than ${formatAmount(MAXIMUM, currency)}`,
      { code: 'amount_too_large' },
    );
  }
}
