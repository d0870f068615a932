import type { Outcome, Row } from './row.js';

export interface Result {
  readonly row: Row;
  readonly outcome: Outcome;
  readonly seconds: number;
}

export type Verdict = 'held' | 'BROKEN' | 'failure seen' | 'NOT SEEN' | 'not run';

/** Of a control, whose guard is removed, the failure has to be seen. */
export function verdictOn({ row, outcome }: Result): Verdict {
  if (outcome.skipped !== undefined) return 'not run';
  const isBroken = outcome.broken.length > 0;
  if (row.isControl) return isBroken ? 'failure seen' : 'NOT SEEN';
  return isBroken ? 'BROKEN' : 'held';
}

export function isAsPromised(result: Result): boolean {
  return !['BROKEN', 'NOT SEEN'].includes(verdictOn(result));
}

/** As Markdown, which a terminal shows well enough. */
export function table(results: readonly Result[]): string {
  const lines = [
    ['row', 'fault', 'times', 'outcome', 'must hold besides the invariants', 'what was seen'],
    ...results.map((result) => {
      const { row, outcome } = result;
      const seen = outcome.skipped ?? (row.isControl ? (outcome.broken[0] ?? outcome.seen) : outcome.seen);
      const text = [row.fault, String(outcome.times), verdictOn(result), row.checks, seen];
      return [`\`${row.name}\``, ...text].map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' '));
    }),
  ];
  const [head = [], ...rest] = lines.map((cells) => `| ${cells.join(' | ')} |`);
  return [head, `|${' --- |'.repeat(6)}`, ...rest].join('\n');
}
