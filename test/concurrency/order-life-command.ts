import type fc from 'fast-check';
import type { Purchase } from '../support/fixtures.js';
import { agree, type Model, type ModelOrder, type Real } from './order-life-state.js';

export type Command = fc.AsyncCommand<Model, Real>;

/** How often each step was taken in this process. */
export const taken = new Map<string, number>();

export function command(
  name: string,
  possible: (model: Readonly<Model>) => boolean,
  work: (model: Model, real: Real) => Promise<void>,
): Command {
  return {
    check: possible,
    run: async (model, real) => {
      await work(model, real);
      await agree(model, real);
      const kind = name.replace(/ #\d+$/, '');
      taken.set(kind, (taken.get(kind) ?? 0) + 1);
    },
    toString: () => name,
  };
}

/** A command about one of the orders there are, if it is one that this can be done to. */
export function about(
  name: string,
  place: number,
  possible: (order: ModelOrder) => boolean,
  work: (order: ModelOrder, bought: Purchase, real: Real, model: Model) => Promise<void>,
): Command {
  const indexIn = (model: Readonly<Model>) => place % model.orders.length;
  return command(
    `${name} #${place}`,
    (model) => model.orders.length > 0 && possible(model.orders[indexIn(model)]!),
    async (model, real) => {
      const index = indexIn(model);
      await work(model.orders[index]!, real.purchases[index]!, real, model);
    },
  );
}
