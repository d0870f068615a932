import { invalidRequest, StripeFailure } from './errors.js';
import { canonicalForm, type FormObject } from './form.js';

export interface SavedResult {
  readonly status: number;
  readonly body: string;
  /** The request that made it, for `Original-Request`. */
  readonly requestId: string;
}

interface Entry {
  readonly method: string;
  readonly path: string;
  readonly params: string;
  /** Milliseconds since the epoch. */
  readonly usedAt: number;
  result: SavedResult | undefined;
}

/** A key whose request has been executed. */
export interface SavedKey extends Entry {
  readonly key: string;
  readonly result: SavedResult;
}

const MAXIMUM_KEY_LENGTH = 255;

/**
 * https://docs.stripe.com/api/idempotent_requests: the first result of a key, whether it succeeded or
 * failed, is answered again. "We save results only after the execution of an endpoint begins": requests
 * whose parameters are malformed, or that came while another one with the key was running, leave the key
 * unused. Keys are kept until a reset.
 */
export class IdempotencyKeys {
  readonly #entries = new Map<string, Entry>();

  /**
   * Reserves the key for this request, or gives the result that an earlier one left.
   *
   * @throws StripeFailure 409 `idempotency_key_in_use` while the first request runs; 400
   *   `idempotency_error` where the key was used for something else
   */
  begin(key: string, method: string, path: string, form: FormObject): SavedResult | undefined {
    if (key.length > MAXIMUM_KEY_LENGTH) {
      throw invalidRequest(`Idempotency keys can be at most ${MAXIMUM_KEY_LENGTH} characters long.`);
    }
    const params = canonicalForm(form);
    const entry = this.#entries.get(key);
    if (entry === undefined) {
      this.#entries.set(key, { method, path, params, usedAt: Date.now(), result: undefined });
      return undefined;
    }
    if (entry.path !== path || entry.method !== method) {
      throw reused(
        `Keys for idempotent requests can only be used for the same endpoint they were first used for ('${path}' vs '${entry.path}'). Try using a key other than '${key}' if you meant to execute a different request.`,
      );
    }
    if (entry.params !== params) {
      throw reused(
        `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.`,
      );
    }
    if (entry.result !== undefined) return entry.result;
    throw invalidRequest(
      `There is currently another in-progress request using this Idempotent Key (that probably means you submitted twice, and the other request is still going through): ${key}. Please try again later.`,
      { code: 'idempotency_key_in_use', status: 409 },
    );
  }

  save(key: string, result: SavedResult): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined) entry.result = result;
  }

  /** The request never began to execute. */
  release(key: string): void {
    if (this.#entries.get(key)?.result === undefined) this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }

  /** Those whose request still runs are left out: they are as good as unused. */
  all(): SavedKey[] {
    return [...this.#entries].flatMap(([key, { result, ...entry }]) =>
      result === undefined ? [] : [{ key, ...entry, result }],
    );
  }

  restore(saved: readonly SavedKey[]): void {
    for (const { key, ...entry } of saved) this.#entries.set(key, entry);
  }
}

function reused(message: string): StripeFailure {
  return new StripeFailure(400, { type: 'idempotency_error', message });
}
