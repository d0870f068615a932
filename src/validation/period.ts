import { z } from 'zod';
import { decode } from './decode.js';
import { instant } from './rules.js';

const periodRules = z
  .object({ from: instant('from').nullish(), to: instant('to').nullish() })
  .refine(({ from, to }) => !from || !to || from < to, { path: ['to'], message: 'to must be after from' });

/** From one instant, included, until another, excluded; null is without end. */
export interface Period {
  readonly from: Date | null;
  readonly to: Date | null;
}

/** @throws AppError BAD_USER_INPUT where it has no length, or PostgreSQL could not store its ends */
export function decodePeriod(given: z.input<typeof periodRules>): Period {
  const { from, to } = decode(periodRules, given);
  return { from: from ?? null, to: to ?? null };
}
