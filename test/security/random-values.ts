import type { Random } from '../../bench/onsale/random.js';

export function pick<Item>(random: Random, items: readonly Item[]): Item {
  return items[Math.floor(random.between(0, items.length))] as Item;
}

export function chance(random: Random, probability: number): boolean {
  return random.next() < probability;
}

/** A whole number from `least` on, below `end`. */
export function whole(random: Random, least: number, end: number): number {
  return Math.floor(random.between(least, end));
}

export function bytes(random: Random, most: number): Buffer {
  return Buffer.from(Array.from({ length: whole(random, 0, most + 1) }, () => whole(random, 0, 256)));
}

const PIECES = [
  'a',
  'Z',
  '0',
  ' ',
  '"',
  "'",
  '\\',
  '\u0000',
  '\u0007',
  '\n',
  'é',
  '字',
  '🎟',
  '\u202e',
] as const;
const TEXTS = [
  '',
  'x',
  'null',
  '__proto__',
  'constructor',
  "' or 1=1 --",
  '%00',
  '<script>alert(1)</script>',
  '../../etc/passwd',
  '\ud800',
  '\ufeff',
  'x'.repeat(300),
  'person@example.com',
  'https://example.com/back?session={CHECKOUT_SESSION_ID}',
  'javascript:alert(1)',
  'Europe/Berlin',
  'EUR',
] as const;

export function text(random: Random): string {
  if (chance(random, 0.5)) return pick(random, TEXTS);
  return Array.from({ length: whole(random, 0, 30) }, () => pick(random, PIECES)).join('');
}

/** Where counting goes wrong, if it does. */
export const NUMBERS = [
  ...[0, -0, 1, -1, 2, 10, 99, 100, 101, 255, 256, 32_767, 65_536, 999_999, 1_000_000],
  ...[2 ** 31 - 2, 2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1, -(2 ** 31), -(2 ** 31) - 1, 2 ** 32 - 1, 2 ** 32],
  ...[2 ** 53 - 1, 2 ** 53, -(2 ** 53), 1e21, 1e308, 5e-324, 0.1, 0.5, 1.5, -0.5, 99.999, 1e-7],
] as const;

/** Anything that JSON can say. */
export function json(random: Random, depth = 3): unknown {
  const kinds = depth > 0 ? 7 : 5;
  switch (whole(random, 0, kinds)) {
    case 0:
      return null;
    case 1:
      return chance(random, 0.5);
    case 2:
      return pick(random, NUMBERS);
    case 3:
    case 4:
      return text(random);
    case 5:
      return Array.from({ length: whole(random, 0, 4) }, () => json(random, depth - 1));
    default:
      return Object.fromEntries(
        Array.from({ length: whole(random, 0, 4) }, () => [text(random), json(random, depth - 1)]),
      );
  }
}
