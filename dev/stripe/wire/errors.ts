/** The body that Stripe sends inside `{"error": …}` (https://docs.stripe.com/api/errors). */
export interface ErrorBody {
  readonly type: 'invalid_request_error' | 'idempotency_error' | 'api_error' | 'card_error';
  readonly code?: string;
  readonly message: string;
  readonly param?: string;
  readonly decline_code?: string;
  readonly charge?: string;
  readonly payment_intent?: object;
  readonly payment_method?: object;
  readonly doc_url?: string;
  readonly request_log_url?: string;
}

/** A refusal that reaches the client with Stripe's status and error body. */
export class StripeFailure extends Error {
  override readonly name = 'StripeFailure';

  constructor(
    readonly status: number,
    readonly body: ErrorBody,
  ) {
    super(body.message);
  }
}

interface Detail {
  readonly code?: string;
  readonly param?: string;
  readonly status?: number;
}

/** Most refusals: 400 with `type: invalid_request_error`. */
export function invalidRequest(message: string, detail: Detail = {}): StripeFailure {
  return new StripeFailure(detail.status ?? 400, {
    type: 'invalid_request_error',
    message,
    ...(detail.code === undefined ? {} : { code: detail.code, doc_url: documentationOf(detail.code) }),
    ...(detail.param === undefined ? {} : { param: detail.param }),
  });
}

/**
 * An id that names nothing. Stripe answers 404 when the id stands in the path and 400 when it is a
 * parameter (https://docs.stripe.com/error-codes/resource-missing).
 */
export function missingResource(kind: string, id: string, param: string, status = 404): StripeFailure {
  return invalidRequest(`No such ${kind}: '${id}'`, { code: 'resource_missing', param, status });
}

/** https://docs.stripe.com/api/errors: 401, no code. */
export function notAuthenticated(message: string): StripeFailure {
  return invalidRequest(message, { status: 401 });
}

export function unknownUrl(method: string, path: string): StripeFailure {
  return invalidRequest(
    `Unrecognized request URL (${method}: ${path}). Please see https://stripe.com/docs or we can help at https://support.stripe.com/.`,
    { status: 404 },
  );
}

export function documentationOf(code: string): string {
  return `https://stripe.com/docs/error-codes/${code.replaceAll('_', '-')}`;
}
