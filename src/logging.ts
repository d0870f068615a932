import { AsyncLocalStorage } from 'node:async_hooks';
import { type DestinationStream, type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/** What every log line of one request carries, without being passed from hand to hand. */
export interface RequestScope {
  readonly requestId: string;
}

export const requestScope = new AsyncLocalStorage<RequestScope>();

/** Where a secret could stand in a logged object; its value is replaced. */
const SECRET_PATHS = ['authorization', 'password', 'accessToken', 'refreshToken', 'token', 'cookie'].flatMap(
  (name) => [name, `*.${name}`, `*.*.${name}`],
);

/** JSON lines on standard output, each with the id of the request that it belongs to. */
export function createLogger(level: string): Logger {
  const options = {
    level,
    base: { pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: SECRET_PATHS, censor: '[redacted]' },
    mixin: () => requestScope.getStore() ?? {},
  };
  return pino(options, oncePerTurn(pino.destination({ dest: 1, sync: true })));
}

/**
 * Writes what is logged in one turn of the event loop together: a system call for each line costs more than the
 * line. Nothing is kept for longer, not even when the process ends by an exception.
 */
function oncePerTurn(destination: DestinationStream): DestinationStream & { flushSync(): void } {
  let lines = '';
  const flushSync = () => {
    const text = lines;
    lines = '';
    if (text !== '') destination.write(text);
  };
  process.on('exit', flushSync);
  return {
    write(line) {
      if (lines === '') setImmediate(flushSync);
      lines += line;
    },
    flushSync,
  };
}
