import type { World } from '../state/world.js';
import { expandField } from './expand.js';
import { type Fields, type Read, readFields } from './fields.js';
import type { FormObject } from './form.js';

export interface Call<P> {
  readonly world: World;
  /** Parameters, read and checked in form. */
  readonly params: P;
  /** The ids in the path, in order. */
  readonly ids: readonly string[];
  /** The connected account that the request is made for (`Stripe-Account`). */
  readonly account: string | null;
}

/** What the request line and the headers say. */
export interface Target {
  readonly ids: readonly string[];
  readonly account: string | null;
}

/** One method on one path of the API. */
export interface Endpoint {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Segments; `:id` stands for any one. */
  readonly path: string;
  /** Whether it answers for connected accounts (`Stripe-Account`); most objects here are the platform's. */
  readonly forAccounts: boolean;
  /**
   * The form of the parameters is checked before anything runs. The work that comes back is what Stripe
   * calls the execution of the endpoint: from then on the result belongs to the idempotency key.
   *
   * @throws StripeFailure when the parameters are malformed
   */
  prepare(world: World, target: Target, form: FormObject): () => object;
}

/** Every endpoint takes `expand` besides its own parameters; the answer is expanded outside of it. */
export function endpoint<F extends Fields>(
  method: Endpoint['method'],
  path: string,
  fields: F,
  run: (call: Call<Read<F>>) => object,
  options: { readonly forAccounts?: boolean } = {},
): Endpoint {
  return {
    method,
    path,
    forAccounts: options.forAccounts ?? false,
    prepare(world, target, form) {
      const params = readFields({ ...fields, expand: expandField }, form);
      return () => run({ world, params, ...target });
    },
  };
}
