import { AsyncLocalStorage } from 'node:async_hooks';

/** What a row did that failed without anybody waiting for it. */
type Strays = string[];

const row = new AsyncLocalStorage<Strays>();
const underWay = new Set<Strays>();

/**
 * Runs one row. An error that reaches nobody, in an event or a promise that is not awaited, is that row's and ends
 * neither the process nor its siblings. Where its row cannot be told, it is every row's that is under way.
 *
 * @returns the stacks of such errors beside the result
 */
export async function withStrays<Result>(
  work: () => Promise<Result>,
): Promise<{ result: Result; strays: readonly string[] }> {
  const strays: Strays = [];
  if (underWay.size === 0) process.on('uncaughtException', take);
  underWay.add(strays);
  try {
    return { result: await row.run(strays, work), strays };
  } finally {
    underWay.delete(strays);
    if (underWay.size === 0) process.off('uncaughtException', take);
  }
}

/** Rejections that nobody handles come here too (https://nodejs.org/api/process.html#event-unhandledrejection). */
function take(error: unknown): void {
  const own = row.getStore();
  for (const strays of own === undefined ? underWay : [own]) strays.push(stackOf(error));
}

/** With the errors that caused it. */
export function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return `${String(error)}, thrown as it is`;
  const { stack, message, cause } = error;
  return `${stack ?? message}${cause === undefined ? '' : `\ncaused by ${stackOf(cause)}`}`;
}
