import { invalidRequest } from './errors.js';
import { type Field, nameOf } from './fields.js';

/** What a request says about metadata: a value sets, null removes one key; null alone removes all. */
export type MetadataChange = Readonly<Record<string, string | null>> | null;

const MAXIMUM_KEYS = 50;
const MAXIMUM_KEY_LENGTH = 40;
const MAXIMUM_VALUE_LENGTH = 500;

/** Limits: https://docs.stripe.com/api/metadata (50 keys, names of 40 and values of 500 characters). */
export const metadata: Field<MetadataChange | undefined> = {
  read(value, name) {
    if (value === undefined) return undefined;
    if (value === '') return null;
    if (typeof value === 'string')
      throw invalidRequest('Invalid metadata: must be an object', { param: name });
    const entries = Object.entries(value).map(([key, given]) => {
      if (typeof given !== 'string') {
        throw invalidRequest('Invalid metadata: values must be strings', { param: nameOf(name, key) });
      }
      checkLengths(key, given, nameOf(name, key));
      return [key, given === '' ? null : given] as const;
    });
    return Object.fromEntries(entries);
  },
};

/** The metadata after a change, never more than Stripe keeps. */
export function changeMetadata(
  present: Readonly<Record<string, string>>,
  change: MetadataChange | undefined,
): Record<string, string> {
  if (change === undefined) return { ...present };
  if (change === null) return {};
  const next: Record<string, string> = { ...present };
  for (const [key, value] of Object.entries(change)) {
    if (value === null) delete next[key];
    else next[key] = value;
  }
  if (Object.keys(next).length > MAXIMUM_KEYS) {
    throw invalidRequest(`You may only specify up to ${MAXIMUM_KEYS} metadata keys.`, { param: 'metadata' });
  }
  return next;
}

function checkLengths(key: string, value: string, name: string): void {
  if (key.length > MAXIMUM_KEY_LENGTH) {
    throw invalidRequest(
      `Metadata keys can have up to ${MAXIMUM_KEY_LENGTH} characters, but you passed in a key that is ${key.length} characters. Invalid key: ${key}`,
      { param: name },
    );
  }
  if (value.length > MAXIMUM_VALUE_LENGTH) {
    throw invalidRequest(
      `Metadata values can have up to ${MAXIMUM_VALUE_LENGTH} characters, but you passed in a value that is ${value.length} characters. Invalid value: ${value}`,
      { param: name },
    );
  }
}
