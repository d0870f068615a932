import { accessSync, constants, mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Launch, launch } from './launch.js';
import { freePort, isPortFree } from './ports.js';
import type { Exit, Supervised } from './supervise.js';

export interface RedisOptions {
  /** Its working directory; made if it does not exist. Nothing is stored in it. */
  readonly directory: string;
  /** Some free one if not given. */
  readonly port?: number;
  /** Redis settings by their names in redis.conf. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Called with every line of the server's log. */
  readonly log?: (line: string) => void;
}

export interface Redis {
  readonly port: number;
  readonly pid: number;
  readonly exited: Promise<Exit>;
  readonly url: string;
  signal(name: NodeJS.Signals): void;
  stop(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
}

const START_TIMEOUT_MS = 20_000;
const STOP_GRACE_MS = 5_000;
const PORT_PATIENCE_MS = 10_000;
const RETRY_MS = 100;
const ATTEMPTS = 5;

/** Redis or its fork Valkey, the first found on PATH; undefined if there is none. */
export function findRedisBinary(): string | undefined {
  const directories = (process.env.PATH ?? '').split(delimiter).filter((directory) => directory !== '');
  const candidates = ['redis-server', 'valkey-server'].flatMap((name) =>
    directories.map((directory) => join(directory, name)),
  );
  return candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * Starts a Redis of our own on 127.0.0.1 that stores nothing, and waits until it is ready. It ends with us, however
 * we end.
 *
 * @throws when there is no Redis on PATH; with the end of the server's log when it does not start.
 */
export async function startRedis(options: RedisOptions): Promise<Redis> {
  const command = findRedisBinary();
  if (command === undefined) throw new Error('There is neither redis-server nor valkey-server on PATH.');
  mkdirSync(options.directory, { recursive: true });
  if (options.port !== undefined) await awaitPort(options.port);
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port ?? (await freePort());
    const { server, tail, failure } = await launchServer(command, port, options);
    if (!failure) return serve(server, port);
    const otherPort = options.port === undefined && tail.includes('Address already in use');
    if (attempt >= ATTEMPTS || !otherPort) throw failure;
  }
}

/** Whoever had the port until now, such as the Redis of a process that was killed, may still be on its way out. */
async function awaitPort(port: number): Promise<void> {
  const deadline = Date.now() + PORT_PATIENCE_MS;
  while (!(await isPortFree(port))) {
    if (Date.now() >= deadline) throw new Error(`Port ${port}, meant for Redis, is taken.`);
    await delay(RETRY_MS);
  }
}

async function launchServer(command: string, port: number, options: RedisOptions): Promise<Launch> {
  const settings = {
    bind: '127.0.0.1',
    save: '',
    appendonly: 'no',
    daemonize: 'no',
    dir: options.directory,
    ...options.settings,
    port: String(port),
  };
  return await launch({
    name: `${command} on port ${port}`,
    command,
    args: Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]),
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
    cwd: options.directory,
    orphanGraceSeconds: STOP_GRACE_MS / 1000,
    onLine: options.log,
    isReady: (line) => line.includes('Ready to accept connections'),
    readyTimeoutMs: START_TIMEOUT_MS,
  });
}

function serve(server: Supervised, port: number): Redis {
  return {
    port,
    pid: server.pid,
    exited: server.exited,
    url: `redis://127.0.0.1:${port}`,
    signal: (name) => server.signal(name),
    async stop() {
      await server.stop('SIGTERM', STOP_GRACE_MS);
    },
    async kill() {
      await server.kill();
    },
  };
}
