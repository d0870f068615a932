import type { Outcome, Row } from './row.js';

export interface Result {
  readonly row: Row;
  readonly outcome: Outcome;
  readonly seconds: number;
}

export type Verdict = 'held' | 'BROKEN' | 'failure seen' | 'NOT SEEN' | 'not run' | 'not judged' | 'FAILED';

/** Of a control, whose guard is removed, the failure has to be seen. */
export function verdictOn({ row, outcome }: Result): Verdict {
  if (outcome.skipped !== undefined) return 'not run';
  if (outcome.failure !== undefined) return 'FAILED';
  const isBroken = outcome.broken.length > 0;
  if (isBroken) return row.isControl ? 'failure seen' : 'BROKEN';
  if (outcome.notJudged !== undefined) return 'not judged';
  return row.isControl ? 'NOT SEEN' : 'held';
}

export function isAsPromised(result: Result): boolean {
  return !['BROKEN', 'NOT SEEN', 'FAILED'].includes(verdictOn(result));
}

/** What was seen, and why it was not run or judged, if so. */
export function wordsOn({ row, outcome }: Result): string {
  const { skipped, notJudged, broken, seen } = outcome;
  if (skipped !== undefined) return skipped;
  const what = row.isControl ? (broken[0] ?? seen) : seen;
  return notJudged === undefined ? what : `${what}; not judged: ${notJudged}`;
}

/** As Markdown, which a terminal shows well enough. */
export function table(results: readonly Result[]): string {
  const lines = [
    ['row', 'fault', 'times', 'outcome', 'must hold besides the invariants', 'what was seen'],
    ...results.map((result) => {
      const { row, outcome } = result;
      const text = [row.fault, String(outcome.times), verdictOn(result), row.checks, wordsOn(result)];
      return [`\`${row.name}\``, ...text].map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' '));
    }),
  ];
  const [head = [], ...rest] = lines.map((cells) => `| ${cells.join(' | ')} |`);
  return [head, `|${' --- |'.repeat(6)}`, ...rest].join('\n');
}
