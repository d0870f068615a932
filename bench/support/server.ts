import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../../dev/eventually.js';
import { projectRoot } from '../../dev/paths.js';
import { freePort } from '../../dev/ports.js';
import { supervise } from '../../dev/supervise.js';
import type { Reading } from './probe.js';

export interface ServerOptions {
  /** Compiled, relative to the repository. */
  readonly entry: string;
  /** PORT and HOST are added. */
  readonly env: Readonly<Record<string, string>>;
  /** Where its log goes. */
  readonly directory: string;
}

/** A server process that is measured: the product's, or a reference's. */
export interface Server extends AsyncDisposable {
  readonly pid: number;
  readonly port: number;
  /** http://127.0.0.1:<port> */
  readonly url: string;
  readonly logFile: string;
  read(): Promise<Reading>;
  /** Reads after a full garbage collection. */
  readCollected(): Promise<Reading>;
  /** Forgets the longest stall and the requests so far, and watches from now on. */
  watch(): Promise<void>;
  signal(name: NodeJS.Signals): void;
}

const READY_TIMEOUT_MS = 30_000;
const STOP_GRACE_MS = 30_000;
const LOG_END = 3_000;

/**
 * Starts it and waits until `/health/ready` answers 200. Its output goes straight into a file: read by us, it would
 * take part of the processor that the measured share.
 *
 * @throws with the end of its log when it ends or is not ready in time.
 */
export async function startServer({ entry, env, directory }: ServerOptions): Promise<Server> {
  const [port, probePort] = [await freePort(), await freePort()];
  const logFile = join(directory, `${entry.replace(/\W+/g, '-')}-${port}.log`);
  closeSync(openSync(logFile, 'w'));
  const node = [process.execPath, '--expose-gc', '--import', './dist/bench/support/probe.js', entry];
  const server = await supervise({
    command: '/bin/sh',
    args: ['-c', 'log=$1; shift; exec "$@" >"$log" 2>&1', 'sh', logFile, ...node],
    cwd: projectRoot,
    env: {
      PATH: process.env.PATH,
      ...env,
      PORT: String(port),
      HOST: '127.0.0.1',
      PUBLIC_URL: `http://127.0.0.1:${port}`,
      PROBE_PORT: String(probePort),
    },
    orphanGraceSeconds: 20,
  });
  const url = `http://127.0.0.1:${port}`;
  const probe = async (path: string) =>
    (await (await fetch(`http://127.0.0.1:${probePort}${path}`)).json()) as Reading;
  try {
    await eventually(
      `${url}/health/ready answers 200`,
      async () => {
        if (server.exit()) return 'ended';
        return (await fetch(`${url}/health/ready`)).status === 200;
      },
      READY_TIMEOUT_MS,
    );
    if (server.exit()) throw new Error('It has ended.');
  } catch (cause) {
    await server.kill();
    const log = readFileSync(logFile, 'utf8').slice(-LOG_END);
    throw new Error(`${entry} did not become ready. The end of its log:\n${log}`, { cause });
  }
  return {
    pid: server.pid,
    port,
    url,
    logFile,
    read: () => probe('/'),
    readCollected: () => probe('/collect'),
    watch: async () => void (await probe('/watch')),
    signal: (name) => server.signal(name),
    async [Symbol.asyncDispose]() {
      await server.stop('SIGTERM', STOP_GRACE_MS);
    },
  };
}

const JWT_SECRET = randomBytes(32).toString('hex');
/** Free tickets only: nothing is to be paid, and no mail is sent where no worker runs. */
const NOTHING_LISTENS = '127.0.0.1:1';

/** The product's environment, as in production; the worker is a process of its own there, so it is off here. */
export function productEnvironment(databaseUrl: string, redisUrl: string): Record<string, string> {
  return {
    NODE_ENV: 'production',
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
    STRIPE_API_BASE: `http://${NOTHING_LISTENS}`,
    STRIPE_SECRET_KEY: 'sk_test_0123456789abcdef',
    STRIPE_WEBHOOK_SECRET: 'whsec_0123456789abcdef',
    STRIPE_CONNECT_WEBHOOK_SECRET: 'whsec_0123456789abcdef',
    JWT_SECRET,
    SMTP_URL: `smtp://${NOTHING_LISTENS}`,
    MAIL_FROM: 'Boxoffice <tickets@boxoffice.example>',
    LOG_LEVEL: 'info',
    RATE_LIMITS: 'off',
    WORKER: 'off',
  };
}
