import { randomFillSync } from 'node:crypto';

/** Crockford's base 32: no I, L, O or U, which are misread or misheard. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** Asking the operating system costs the same for one byte as for thousands. */
const pool = Buffer.alloc(4_096);
let used = pool.length;

/** 40 bits: short enough to read out; a unique index catches the rare repetition. */
export function newReference(): string {
  return randomCode(8);
}

/** 120 bits: whoever guesses one could walk in. */
export function newAttendeeCode(): string {
  return randomCode(24);
}

function randomCode(length: number): string {
  if (used + length > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  let code = '';
  for (const end = used + length; used < end; used += 1)
    code += ALPHABET[(pool[used] as number) % ALPHABET.length];
  return code;
}
