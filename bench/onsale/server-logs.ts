import { readFileSync } from 'node:fs';

/** Of one message that servers have logged as an error. */
export interface LoggedError {
  readonly message: string;
  readonly count: number;
  /** The first one, as it was logged. */
  readonly example: string;
}

/** pino's levels: 50 is an error, 60 is fatal. */
const ERROR = /^\{"level":[56]0,/;
const LONGEST_EXAMPLE = 2_000;

/** What the servers themselves say went wrong, the most frequent first. */
export function loggedErrors(logFiles: readonly string[]): LoggedError[] {
  const errors = new Map<string, LoggedError>();
  for (const line of logFiles.flatMap((file) => readFileSync(file, 'utf8').split('\n'))) {
    if (!ERROR.test(line)) continue;
    const { msg, err } = JSON.parse(line) as { msg?: string; err?: { message?: string } };
    const message = `${msg ?? 'an error'}${err?.message === undefined ? '' : `: ${err.message}`}`;
    const known = errors.get(message) ?? { message, count: 0, example: line.slice(0, LONGEST_EXAMPLE) };
    errors.set(message, { ...known, count: known.count + 1 });
  }
  return [...errors.values()].sort((a, b) => b.count - a.count);
}
