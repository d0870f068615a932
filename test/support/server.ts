import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../../dev/paths.js';
import { freePort } from '../../dev/ports.js';
import { type Exit, type Supervised, supervise } from '../../dev/supervise.js';
import { eventually } from './eventually.js';
import { type LogEntry, ServerLog } from './server-log.js';

export interface StripeAccess {
  /** Base of its API, e.g. http://127.0.0.1:12111 */
  readonly url: string;
  readonly secretKey: string;
  readonly webhookSecret: string;
  readonly connectWebhookSecret: string;
}

export interface ServerOptions {
  readonly databaseUrl: string;
  /** Without it the server has no Redis. */
  readonly redisUrl?: string;
  /** Without it every call to Stripe fails at once: nothing listens where the server looks for it. */
  readonly stripe?: StripeAccess;
  /** Overrides and additions. */
  readonly env?: Readonly<Record<string, string>>;
  /** Relative to the repository. */
  readonly entry?: string;
  /** Some free one if not given. */
  readonly port?: number;
  /** For an entry that serves no HTTP: the log entry that says that it has started. */
  readonly isReady?: (entry: LogEntry) => boolean;
}

/** A server process as an operator runs it. */
export interface TestServer {
  readonly port: number;
  readonly pid: number;
  /** http://127.0.0.1:<port>, no slash at the end. */
  readonly url: string;
  /** Where mails go, as .eml files, when SMTP_URL is not set. */
  readonly mailDirectory: string;
  readonly exited: Promise<Exit>;
  /** The JSON objects of its log so far. */
  logs(): LogEntry[];
  /** Everything that it has written so far, line by line, on standard output and error. */
  lines(): readonly string[];
  waitForLog(predicate: (entry: LogEntry) => boolean, timeoutMs?: number): Promise<LogEntry>;
  signal(name: NodeJS.Signals): void;
  /** SIGTERM; resolves with how it ended once it has, and its log is complete. */
  stop(): Promise<Exit>;
  /** SIGKILL. */
  kill(): Promise<Exit>;
}

/** Ten times what it takes where nothing else is going on, and more: one that ends is noticed at once. */
const READY_TIMEOUT_MS = 120_000;
const STOP_GRACE_MS = 30_000;
const NOTHING_LISTENS = 'http://127.0.0.1:1';
/** One for all processes of a test run, as behind one load balancer. */
const JWT_SECRET = randomBytes(32).toString('hex');

/**
 * Starts the server from dist/ with a complete environment and waits until it is ready.
 *
 * @throws with the end of its log when it ends or is not ready in time.
 */
export async function startServer(options: ServerOptions): Promise<TestServer> {
  const port = options.port ?? (await freePort());
  const mailDirectory = mkdtempSync(join(process.env.TEST_DIRECTORY ?? tmpdir(), 'mail-'));
  const log = new ServerLog();
  const server = await supervise({
    command: process.execPath,
    args: ['--enable-source-maps', options.entry ?? 'dist/src/main.js'],
    cwd: projectRoot,
    env: environment(options, port, mailDirectory),
    onLine: (line) => log.push(line),
  });
  const url = `http://127.0.0.1:${port}`;
  try {
    await whenReady(server, url, log, options);
  } catch (cause) {
    await server.kill();
    throw new Error(`The server did not become ready. The end of its log:\n${log.tail()}`, { cause });
  }
  return handle(server, log, { port, url, mailDirectory });
}

function environment(options: ServerOptions, port: number, mailDirectory: string): NodeJS.ProcessEnv {
  const { databaseUrl, redisUrl, stripe, env } = options;
  return {
    PATH: process.env.PATH,
    NODE_ENV: 'test',
    PORT: String(port),
    HOST: '127.0.0.1',
    PUBLIC_URL: `http://127.0.0.1:${port}`,
    DATABASE_URL: databaseUrl,
    ...(redisUrl !== undefined && { REDIS_URL: redisUrl }),
    STRIPE_API_BASE: stripe?.url ?? NOTHING_LISTENS,
    STRIPE_SECRET_KEY: stripe?.secretKey ?? 'sk_test_nothing_listens',
    STRIPE_WEBHOOK_SECRET: stripe?.webhookSecret ?? 'whsec_test',
    STRIPE_CONNECT_WEBHOOK_SECRET: stripe?.connectWebhookSecret ?? 'whsec_test_connect',
    JWT_SECRET,
    LOG_LEVEL: 'info',
    RATE_LIMITS: 'off',
    MAIL_DIRECTORY: mailDirectory,
    ...env,
  };
}

async function whenReady(
  server: Supervised,
  url: string,
  log: ServerLog,
  { isReady }: ServerOptions,
): Promise<void> {
  const outcome = await eventually(
    isReady ? 'the server says in its log that it is ready' : `${url}/health/ready answers 200`,
    async () => server.exit() ?? (isReady ? log.entries.some(isReady) : await answersReady(url)),
    READY_TIMEOUT_MS,
  );
  if (outcome === true) return;
  await server.closed;
  throw new Error(`It ended with ${outcome.signal ?? `code ${outcome.code}`}.`);
}

async function answersReady(url: string): Promise<true> {
  const response = await fetch(`${url}/health/ready`);
  const body = await response.text();
  if (response.status !== 200) throw new Error(`${response.status} ${body}`);
  return true;
}

function handle(
  server: Supervised,
  log: ServerLog,
  where: { port: number; url: string; mailDirectory: string },
): TestServer {
  return {
    ...where,
    pid: server.pid,
    exited: server.exited,
    logs: () => log.entries,
    lines: () => log.lines,
    waitForLog: (predicate, timeoutMs) => log.waitFor(predicate, timeoutMs),
    signal: (name) => server.signal(name),
    async stop() {
      await server.stop('SIGTERM', STOP_GRACE_MS);
      return await server.closed;
    },
    async kill() {
      await server.kill();
      return await server.closed;
    },
  };
}
