import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

/** How a process ended: with an exit code, or by a signal. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface SuperviseOptions {
  readonly command: string;
  readonly args?: readonly string[];
  /** The whole environment of the process; nothing is inherited beside it. */
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
  /** Called with every line on stdout and stderr; without it, both are discarded. */
  readonly onLine?: (line: string, stream: 'stdout' | 'stderr') => void;
  /** Sent to the process when we have died without stopping it. */
  readonly orphanSignal?: NodeJS.Signals;
  /** Seconds between `orphanSignal` and SIGKILL. */
  readonly orphanGraceSeconds?: number;
}

/** A running server process that ends, at the latest, shortly after we do. */
export interface Supervised {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  /** Like `exited`, and everything it wrote has been passed to `onLine`. */
  readonly closed: Promise<Exit>;
  /** Undefined while it runs. */
  exit(): Exit | undefined;
  signal(name: NodeJS.Signals): void;
  /** Sends the signal, and SIGKILL if it has not ended `graceMs` milliseconds later. */
  stop(signal?: NodeJS.Signals, graceMs?: number): Promise<Exit>;
  kill(): Promise<Exit>;
}

/**
 * Runs in the place of the server before it becomes the server by `exec`, so that the server is our own direct
 * child. The guard that it leaves behind reads the pipe whose other end only we hold. A line means that the server
 * has ended and there is nothing to do; end of file without one means that we died, even by SIGKILL. The guard is
 * forked twice: a server that waits for its children must not find one that it never started.
 */
const GUARDED_EXEC = `
signal=$1; grace=$2; shift 2
(
  (
    trap '' HUP INT TERM
    read -r ended && exit 0
    kill -s "$signal" $$ || exit 0
    kill -s CONT $$
    while [ "$grace" -gt 0 ]; do
      sleep 1
      kill -s 0 $$ || exit 0
      grace=$((grace - 1))
    done
    kill -s KILL $$
  ) <&3 >/dev/null 2>&1 &
) 3<&0
exec "$@" </dev/null
`;

/**
 * Starts a server in a session of its own, out of reach of the terminal's Ctrl-C: who started it decides when, and
 * in which order, it stops. Resolves once the process exists, which is before it serves anything.
 *
 * @throws when the process cannot be created. A command that does not exist shows up as exit code 127.
 */
export async function supervise(options: SuperviseOptions): Promise<Supervised> {
  if (process.platform === 'win32') {
    throw new Error(
      'The private servers need a POSIX system. On Windows, use the Windows Subsystem for Linux.',
    );
  }
  const output = options.onLine ? 'pipe' : 'ignore';
  const signal = (options.orphanSignal ?? 'SIGTERM').replace(/^SIG/, '');
  const grace = String(options.orphanGraceSeconds ?? 10);
  const child = spawn(
    '/bin/sh',
    ['-c', GUARDED_EXEC, 'sh', signal, grace, options.command, ...(options.args ?? [])],
    {
      env: options.env,
      cwd: options.cwd,
      detached: true,
      stdio: ['pipe', output, output],
      ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.gid }),
    },
  );
  // The guard may be gone before it could be told; there is nobody left to tell then.
  child.stdin?.on('error', () => undefined);
  const exited = settle(child, 'exit');
  const closed = settle(child, 'close');
  child.on('exit', () => child.stdin?.end('ended\n'));
  await once(child, 'spawn');
  forwardLines(child, options);
  return handle(child, exited, closed);
}

function settle(child: ChildProcess, event: 'exit' | 'close'): Promise<Exit> {
  return new Promise((resolve) => {
    child.once(event, (code: number | null, signal: NodeJS.Signals | null) => resolve({ code, signal }));
  });
}

function forwardLines(child: ChildProcess, options: SuperviseOptions): void {
  const { onLine } = options;
  if (!onLine) return;
  for (const stream of ['stdout', 'stderr'] as const) {
    const input = child[stream];
    if (input) createInterface({ input }).on('line', (line) => onLine(line, stream));
  }
}

function handle(child: ChildProcess, exited: Promise<Exit>, closed: Promise<Exit>): Supervised {
  const exit = (): Exit | undefined =>
    child.exitCode === null && child.signalCode === null
      ? undefined
      : { code: child.exitCode, signal: child.signalCode };
  return {
    pid: child.pid!,
    exited,
    closed,
    exit,
    signal: (name) => void child.kill(name),
    async stop(signal = 'SIGTERM', graceMs = 10_000) {
      child.kill(signal);
      const timer = new AbortController();
      const overdue = delay(graceMs, 'overdue' as const, { signal: timer.signal }).catch(() => undefined);
      if ((await Promise.race([exited, overdue])) === 'overdue') child.kill('SIGKILL');
      timer.abort();
      return exited;
    },
    kill() {
      child.kill('SIGKILL');
      return exited;
    },
  };
}
