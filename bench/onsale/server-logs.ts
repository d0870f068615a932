import { readFileSync } from 'node:fs';

/** One message that servers have logged as a warning or an error. */
export interface LoggedTrouble {
  readonly message: string;
  readonly count: number;
  /** The first one, as it was logged. */
  readonly example: string;
}

const TROUBLE = /^\{"level":"(warn|error|fatal)"/;
const LONGEST_EXAMPLE = 2_000;

/** What the servers themselves say went wrong, the most frequent first. */
export function loggedTroubles(logFiles: readonly string[]): LoggedTrouble[] {
  const troubles = new Map<string, LoggedTrouble>();
  for (const line of logFiles.flatMap((file) => readFileSync(file, 'utf8').split('\n'))) {
    const level = TROUBLE.exec(line)?.[1];
    if (level === undefined) continue;
    const { msg, err } = JSON.parse(line) as { msg?: string; err?: { message?: string } };
    const message = `${level}: ${msg}${err?.message === undefined ? '' : ` (${err.message})`}`;
    const known = troubles.get(message) ?? { message, count: 0, example: line.slice(0, LONGEST_EXAMPLE) };
    troubles.set(message, { ...known, count: known.count + 1 });
  }
  return [...troubles.values()].sort((a, b) => b.count - a.count);
}
