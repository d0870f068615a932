import type { z } from 'zod';
import { badUserInput } from '../errors.js';

/**
 * Checks an input against its rules and returns what the rules make of it.
 *
 * @throws AppError BAD_USER_INPUT for the first rule broken; `field` is the path, e.g. `items.0.quantity`.
 */
export function decode<Schema extends z.ZodType>(schema: Schema, input: z.input<Schema>): z.output<Schema> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = issue?.path.map(String).join('.') ?? '';
  throw badUserInput(field, issue?.message ?? 'Invalid input');
}
