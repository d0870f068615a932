import type { Prepared } from './prepared.js';

/** How much of everything: the counts in full, or a short form of each that shows that it works. */
export interface Extent {
  readonly quick: boolean;
  readonly seed: number;
  /** How long the long run takes, in minutes. */
  readonly soakMinutes: number;
}

export interface RowContext extends Extent {
  readonly prepared: Prepared;
  /** Of the whole run; each row makes its own in it. */
  readonly directory: string;
  progress(text: string): void;
}

/** What came of one row. */
export interface Outcome {
  /** How often the fault was injected. */
  readonly times: number;
  /** What was seen, in a few words for the table. */
  readonly seen: string;
  /** A sentence for each promise that was broken; empty where all were kept. */
  readonly broken: readonly string[];
  /** Why it could not be run here. */
  readonly skipped?: string;
  /** Why too little was done for a judgement. What was found broken nevertheless counts. */
  readonly notJudged?: string;
  /** Where the row itself failed, which says nothing good of anything: a stack. */
  readonly failure?: string;
}

/** Thrown where a row could not do what it would have to be judged by, and nothing shows that a promise was broken. */
export class NotJudged extends Error {}

/** One line of the table. */
export interface Row {
  /** As which it is asked for. */
  readonly name: string;
  readonly fault: string;
  /** What must hold besides the invariants that every row ends with. */
  readonly checks: string;
  /** A guard is removed: the row has to see the failure. */
  readonly isControl?: boolean;
  /** Takes longer than the others. */
  readonly isLong?: boolean;
  run(context: RowContext): Promise<Outcome>;
}

/** `quick` of something in the short form, `full` in the long one. */
export function so<Value>({ quick }: Extent, short: Value, full: Value): Value {
  return quick ? short : full;
}
