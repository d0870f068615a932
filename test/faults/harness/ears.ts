import { FrontendListener } from '../../support/sql-tap.js';
import type { Ear } from './tcp-proxy.js';

/** Something that a server is about to do, heard on the way to whom it asks. */
export type Step =
  | 'asks for the locks'
  | 'begins the transaction'
  | 'locks the rows'
  | 'moves the counters'
  | 'inserts the order'
  | 'commits'
  | 'releases the locks'
  | 'asks Stripe for a session';

/** Every step of a purchase at which a server asks somebody else, in their order. */
export const STEPS: readonly Step[] = [
  'asks for the locks',
  'begins the transaction',
  'locks the rows',
  'moves the counters',
  'inserts the order',
  'commits',
  'releases the locks',
  'asks Stripe for a session',
];

/** What is heard of one server, by whoever wants to strike at a step. */
export interface Steps {
  /** Called before what was heard goes on. */
  onStep: ((step: Step) => void) | undefined;
  /** Decides whether the answer to this commit is lost: the connection is cut in its place. */
  losesCommit: (() => boolean) | undefined;
}

/** In which step of a purchase a statement belongs; its transaction ends with the commit that is heard next. */
function stepOf(statement: string): Step | undefined {
  if (/^begin/i.test(statement)) return 'begins the transaction';
  if (/^\s*select .* from ticket t .*for no key update of t/is.test(statement)) return 'locks the rows';
  if (/^\s*update ticket t\s+set held/i.test(statement)) return 'moves the counters';
  if (/^insert into "orders"/i.test(statement)) return 'inserts the order';
  if (/^commit/i.test(statement)) return 'commits';
  return undefined;
}

export function postgresEar(steps: Steps): Ear {
  let isLost = false;
  const listener = new FrontendListener((statement) => {
    const step = stepOf(statement);
    if (step === undefined) return;
    if (step === 'commits' && steps.losesCommit?.()) isLost = true;
    steps.onStep?.(step);
  });
  return {
    request(chunk) {
      listener.push(chunk);
      return 'pass';
    },
    reply: () => (isLost ? 'cut' : 'pass'),
  };
}

/** Follows the scripts of the locks: the first of an owner acquires, one without a lifetime releases. */
export function redisEar(steps: Steps): Ear {
  const owners = new Set<string>();
  return {
    request(chunk) {
      if (steps.onStep === undefined || !chunk.includes('lock:{show')) return 'pass';
      const text = chunk.toString('latin1');
      for (const command of text.split(/^\*\d+\r\n/m).slice(1)) hearScript(command, owners, steps);
      return 'pass';
    },
  };
}

/** One command as Redis reads it (https://redis.io/docs/latest/develop/reference/protocol-spec/): `$7\r\nevalsha\r\n` ... */
function hearScript(command: string, owners: Set<string>, steps: Steps): void {
  const [name = '', , keys = '', ...rest] = command.split('\r\n').filter((_, index) => index % 2 === 1);
  if (!/^eval(sha)?$/i.test(name) || !rest[0]?.startsWith('lock:{show')) return;
  const [owner = '', lifetime] = rest.slice(Number(keys));
  if (lifetime === undefined) steps.onStep?.('releases the locks');
  else if (!owners.has(owner)) steps.onStep?.('asks for the locks');
  if (owners.size > 1_000) owners.clear();
  owners.add(owner);
}

export function stripeEar(steps: Steps): Ear {
  return {
    request(chunk) {
      if (chunk.includes('POST /v1/checkout/sessions HTTP')) steps.onStep?.('asks Stripe for a session');
      return 'pass';
    },
  };
}
