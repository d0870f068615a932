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
    serializers: { err: (error: unknown) => pino.stdSerializers.err(withoutPersonalData(error) as Error) },
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

/** What an error quotes of rows, statements and requests: PostgreSQL's error fields, and what clients were asked with. */
const QUOTED = new Set([
  'detail',
  'where',
  'internalQuery',
  'query',
  'sql',
  'parameters',
  'params',
  'values',
  'args',
]);
/** How far errors are gone into: causes, and objects within objects. */
const DEPTH = 8;

/**
 * An error as it may be kept, in a log or a row: for good, when whoever it is about has been erased. It is another error
 * with the same message, stack, code and causes, in which `[address]` stands for e-mail addresses, and what PostgreSQL
 * quotes of a row is missing (postgresql.org/docs/18/protocol-error-fields.html).
 */
export function withoutPersonalData(value: unknown, depth = DEPTH): unknown {
  if (typeof value === 'string') return withoutAddresses(value);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (depth === 0 || ArrayBuffer.isView(value)) return undefined;
  if (value instanceof Error) return errorWithoutPersonalData(value, depth - 1);
  if (Array.isArray(value)) return value.map((item) => withoutPersonalData(item, depth - 1));
  return Object.fromEntries(fieldsOf(value, depth - 1));
}

function errorWithoutPersonalData(error: Error, depth: number): Error {
  const message = withoutAddresses(withoutDetail(error));
  const copy = Object.assign(new Error(message), Object.fromEntries(fieldsOf(error, depth)));
  const hidden = {
    name: error.name,
    message,
    stack: `${error.name}: ${message}${framesOf(error)}`,
    // By which the log tells what kind of error it is.
    constructor: error.constructor,
    ...(error.cause !== undefined && { cause: withoutPersonalData(error.cause, depth) }),
    ...(error instanceof AggregateError && { errors: withoutPersonalData(error.errors, depth) }),
  };
  for (const [name, value] of Object.entries(hidden)) {
    Object.defineProperty(copy, name, { value, enumerable: false, configurable: true, writable: true });
  }
  return copy;
}

/** An error in the place of a quotation is one that caused it, as Stripe's library has them. */
function fieldsOf(value: object, depth: number): Array<[string, unknown]> {
  return Object.entries(value)
    .filter(([name, field]) => !QUOTED.has(name) || field instanceof Error)
    .map(([name, field]) => [name, withoutPersonalData(field, depth)]);
}

/** MikroORM appends the detail to the message. */
function withoutDetail({ message, ...error }: Error): string {
  const { detail } = error as { detail?: unknown };
  const known = typeof detail === 'string' ? message.replaceAll(`\n - detail: ${detail}`, '') : message;
  return known.replace(/\n - detail: .*?(?=\n - hint: |$)/gs, '');
}

/** An apostrophe is no end: there may be one in an address. */
function withoutAddresses(text: string): string {
  return text.replace(/[^\s<>"(),;:=]+/g, (word) => (/.@./.test(word) ? '[address]' : word));
}

/** The names of packages have the character that addresses have, so these lines stay as they are. */
function framesOf({ stack = '' }: Error): string {
  const frames = stack.split('\n').filter((line) => /^ +at .*(:\d+:\d+|<anonymous>|native)\)?$/.test(line));
  return frames.map((line) => `\n${line}`).join('');
}
