import { z } from 'zod';
import { LARGEST_INT } from './money.js';

/** Control characters (but line breaks) have no place in names, and break mail headers and logs. */
const NO_CONTROL_CHARACTERS = /^[^\p{Cc}]*$/u;
const NO_CONTROL_BUT_LINES = /^(?:[^\p{Cc}]|[\r\n\t])*$/u;

/** What every text must be that is stored or searched for: PostgreSQL holds neither NUL nor half a character. */
function storable(label: string, longest: number, allowed: RegExp) {
  return z
    .string()
    .max(longest, `${label} must not be longer than ${longest} characters`)
    .regex(allowed, `${label} must not contain control characters`)
    .refine((value) => value.isWellFormed(), `${label} must be well-formed Unicode`);
}

/** One line that says something. */
export function text(label: string, longest: number) {
  return z
    .string()
    .trim()
    .min(1, `${label} must not be empty`)
    .pipe(storable(label, longest, NO_CONTROL_CHARACTERS));
}

/** Any number of lines, none included. */
export function longText(label: string, longest: number) {
  return z
    .string()
    .trim()
    .pipe(storable(label, longest, NO_CONTROL_BUT_LINES));
}

/** What is looked for in other texts; nothing where it is empty. */
export function searchText(label: string, longest: number) {
  return z
    .string()
    .trim()
    .pipe(storable(label, longest, NO_CONTROL_CHARACTERS));
}

/** A name that a client made up for itself; every character of it counts. */
export function key(label: string, shortest: number, longest: number) {
  return storable(label, longest, NO_CONTROL_CHARACTERS).min(
    shortest,
    `${label} must have at least ${shortest} characters`,
  );
}

/** At most 254 characters: RFC 5321, section 4.5.3.1.3 (a path of 256 less its brackets). */
export const email = z
  .string()
  .trim()
  .max(254, 'Invalid e-mail address')
  .pipe(z.email('Invalid e-mail address'));

export const timeZone = z
  .string()
  .refine(isTimeZone, 'Unknown time zone; use an IANA name such as Europe/Berlin');

export const httpUrl = (label: string) =>
  storable(label, 2_000, NO_CONTROL_CHARACTERS).refine(
    (value) => /^https?:$/.test(URL.parse(value)?.protocol ?? ''),
    `${label} must be an http or https URL`,
  );

const FIRST_INSTANT = new Date('0001-01-01T00:00:00.000Z');
const LAST_INSTANT = new Date('9999-12-31T23:59:59.999Z');

/** An instant that PostgreSQL can store and that an answer can be written with (RFC 3339 has years of four digits). */
export const instant = (label: string) =>
  z
    .date()
    .refine(
      (at) => at >= FIRST_INSTANT && at <= LAST_INSTANT,
      `${label} must be in the years 0001 to 9999 in UTC`,
    );

/** An amount in minor units that fits GraphQL's Int. */
export const price = z
  .number()
  .int('Price must be a whole number of minor units')
  .min(0, 'Price must not be negative')
  .max(LARGEST_INT, `Price must not be greater than ${LARGEST_INT}`);

function isTimeZone(value: string): boolean {
  // Intl also takes offsets such as +02:00, which say nothing about daylight saving time.
  if (!/^[A-Za-z]/.test(value)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: value });
    return true;
  } catch {
    return false;
  }
}
