/**
 * The failures that a client can act on. Every one carries a code that ends up as
 * `extensions.code` of a GraphQL error; anything that is not an AppError is masked
 * as INTERNAL_SERVER_ERROR at the edge.
 */
export type ErrorCode =
  | 'BAD_USER_INPUT'
  | 'NOT_FOUND'
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'SHOW_NOT_ON_SALE'
  | 'TICKET_NOT_ON_SALE'
  | 'SOLD_OUT'
  | 'LIMIT_EXCEEDED'
  | 'PRICE_CHANGED'
  | 'PRODUCER_NOT_PAYABLE'
  | 'INVENTORY_BUSY'
  | 'PAYMENT_PROVIDER_UNAVAILABLE'
  | 'CONFLICT'
  | 'IDEMPOTENCY_KEY_REUSED'
  | 'RATE_LIMITED'
  | 'INTERNAL_SERVER_ERROR';

/** What a client needs to act on a failure, e.g. `field`, `tickets`, `retryAfterMs` (milliseconds). */
export type ErrorDetails = Readonly<Record<string, unknown>>;

export class AppError extends Error {
  override readonly name = 'AppError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly details: ErrorDetails = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Malformed or out of range; `field` is the path of the input field, e.g. `items.0.quantity`. */
export function badUserInput(field: string, message: string, details: ErrorDetails = {}): AppError {
  return new AppError('BAD_USER_INPUT', message, { field, ...details });
}

/** Does not exist, or the viewer may not know that it does: the two are never told apart. */
export function notFound(message: string): AppError {
  return new AppError('NOT_FOUND', message);
}

export function unauthenticated(message = 'Sign in to do this'): AppError {
  return new AppError('UNAUTHENTICATED', message);
}

export function forbidden(message = 'You may not do this'): AppError {
  return new AppError('FORBIDDEN', message);
}

/** The object exists but is no longer in a state for what was asked; `status` is the one it is in. */
export function conflict(message: string, details: ErrorDetails = {}): AppError {
  return new AppError('CONFLICT', message, details);
}

export function isAppError(error: unknown, code?: ErrorCode): error is AppError {
  return error instanceof AppError && (code === undefined || error.code === code);
}
