import { setTimeout as delay } from 'node:timers/promises';
import { LogTail } from './log-tail.js';
import { type Supervised, type SuperviseOptions, supervise } from './supervise.js';

export interface LaunchOptions extends SuperviseOptions {
  /** Names the server in error messages. */
  readonly name: string;
  /** Whether this line of its log says that it is ready to serve. */
  readonly isReady: (line: string) => boolean;
  readonly readyTimeoutMs: number;
}

/** A server that is ready, or one that has ended, with the reason. */
export interface Launch {
  readonly server: Supervised;
  readonly tail: LogTail;
  readonly failure?: Error;
}

/** Starts a server and waits until its own log says that it is ready. One that is not ready in time is killed. */
export async function launch(options: LaunchOptions): Promise<Launch> {
  const { name, isReady, readyTimeoutMs, onLine, ...rest } = options;
  const tail = new LogTail();
  let announceReady: (outcome: 'ready') => void;
  const ready = new Promise<'ready'>((resolve) => {
    announceReady = resolve;
  });
  const server = await supervise({
    ...rest,
    onLine: (line, stream) => {
      tail.push(line);
      onLine?.(line, stream);
      if (isReady(line)) announceReady('ready');
    },
  });
  const timer = new AbortController();
  const overdue = delay(readyTimeoutMs, 'overdue' as const, { signal: timer.signal }).catch(() => undefined);
  const outcome = await Promise.race([ready, server.closed, overdue]);
  timer.abort();
  if (outcome === 'ready') return { server, tail };
  await server.kill();
  const what = outcome === 'overdue' ? `was not ready after ${readyTimeoutMs / 1000} s` : 'did not start';
  return { server, tail, failure: new Error(`${name} ${what}. The end of its log:\n${tail}`) };
}
