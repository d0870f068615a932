import { randomBytes } from 'node:crypto';

/** Crockford's base 32: no I, L, O or U, which are misread or misheard. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** 40 bits: short enough to read out; a unique index catches the rare repetition. */
export function newReference(): string {
  return randomCode(8);
}

/** 120 bits: whoever guesses one could walk in. */
export function newAttendeeCode(): string {
  return randomCode(24);
}

function randomCode(length: number): string {
  return Array.from(randomBytes(length), (byte) => ALPHABET[byte % ALPHABET.length]).join('');
}
