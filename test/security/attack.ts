import type { Random } from '../../bench/onsale/random.js';
import type { World } from '../support/world.js';
import type { Answered } from './verdict.js';

/**
 * One row of the table: what somebody tries, how often, and that it gains nothing. It is the default export of a file
 * in `attacks/`, which is all that it takes to add one.
 */
export interface Attack {
  /** As the table has it. */
  readonly name: string;
  /** How often it is tried: in CI with `quick`, else with `full`. */
  readonly times: { readonly quick: number; readonly full: number };
  /**
   * @throws where the attack succeeded, or an answer was what none may be
   * @returns what came of it, if that is more than the table says by itself
   */
  run(arena: Arena): Promise<string | undefined> | Promise<void>;
}

/** Where an attack takes place. */
export interface Arena {
  /** One server process without rate limits, with PostgreSQL, Redis and Stripe; `addServer` starts others. */
  readonly world: World;
  readonly times: number;
  /** Of this attack alone: the same seed gives the same attack. */
  readonly random: Random;
  /**
   * Makes `times` attempts, some at once. What an attempt tries follows from its own `random`, so that each can be
   * tried again by itself.
   */
  attempt(one: (random: Random, index: number) => Promise<void>, lanes?: number): Promise<void>;
  /** Counts an answer, and throws if it is what no answer may be; see verdict.ts. */
  judge(answer: Answered): void;
  /** Counts something for the table, e.g. a close code. */
  note(what: string): void;
}
