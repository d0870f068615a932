import { UniqueConstraintViolationException } from '@mikro-orm/core';

/** Whether a statement failed because this unique index or constraint already has such a row. */
export function isUniqueViolation(error: unknown, constraint: string): boolean {
  return (
    error instanceof UniqueConstraintViolationException &&
    (error as { constraint?: string }).constraint === constraint
  );
}
