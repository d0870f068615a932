import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../eventually.js';
import { LogTail } from '../log-tail.js';
import { projectRoot } from '../paths.js';
import { type Exit, type Supervised, supervise } from '../supervise.js';
import { tryLock } from './lock.js';

const READY_TIMEOUT_MS = 60_000;
const BUILD_TIMEOUT_MS = 180_000;

type OnLine = (line: string) => void;

/**
 * Runs one of our own programs to its end.
 *
 * @throws with the end of its output when it fails.
 */
export async function runToEnd(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  onLine: OnLine,
): Promise<void> {
  const tail = new LogTail();
  const program = await supervise({
    command: process.execPath,
    args,
    cwd: projectRoot,
    env,
    onLine: (line) => {
      tail.push(line);
      onLine(line);
    },
  });
  const { code, signal } = await program.closed;
  if (code !== 0) throw new Error(`${args[0]} ended with ${signal ?? `code ${code}`}:\n${tail}`);
}

/**
 * Builds the page for /graphiql if it is missing or older than its sources. Starts at the same time take turns.
 *
 * @returns whether there was anything to build.
 */
export async function buildGraphiql(env: NodeJS.ProcessEnv, onLine: OnLine): Promise<boolean> {
  if (isGraphiqlFresh()) return false;
  const release = await eventually(
    'another start has built GraphiQL',
    () => {
      const lock = tryLock(join(projectRoot, 'dist', 'graphiql.pid'));
      return 'release' in lock && lock.release;
    },
    BUILD_TIMEOUT_MS,
  );
  try {
    if (isGraphiqlFresh()) return false;
    const vite = join('node_modules', 'vite', 'bin', 'vite.js');
    await runToEnd([vite, 'build', '--config', 'src/http/graphiql/vite.config.ts'], env, onLine);
    return true;
  } finally {
    release();
  }
}

function isGraphiqlFresh(): boolean {
  const built = newestChange(join(projectRoot, 'dist', 'graphiql', 'index.html'));
  return built > newestChange(join(projectRoot, 'src', 'http', 'graphiql'));
}

/** Milliseconds since the epoch; 0 for what does not exist. A directory is as new as its newest file. */
function newestChange(path: string): number {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) return 0;
  if (!found.isDirectory()) return found.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newestChange(join(path, name))));
}

/**
 * Starts the server as `npm run serve` does, and waits until it is ready.
 *
 * @throws with the end of its log when it ends or is not ready in time.
 */
export async function startApiServer(
  localUrl: string,
  env: NodeJS.ProcessEnv,
  onLine: OnLine,
): Promise<Supervised> {
  const tail = new LogTail();
  const server = await supervise({
    command: process.execPath,
    args: ['--enable-source-maps', 'dist/src/main.js'],
    cwd: projectRoot,
    env,
    orphanGraceSeconds: 20,
    onLine: (line) => {
      tail.push(line);
      onLine(line);
    },
  });
  try {
    const outcome = await eventually(
      `${localUrl}/health/ready answers 200`,
      async () => server.exit() ?? (await isReady(localUrl)),
      READY_TIMEOUT_MS,
    );
    if (outcome !== true) throw new Error(describeExit(outcome));
    return server;
  } catch (cause) {
    await server.kill();
    throw new Error(`The server did not start. The end of its log:\n${tail}`, { cause });
  }
}

function describeExit({ code, signal }: Exit): string {
  return `It ended with ${signal ?? `code ${code}`}.`;
}

async function isReady(localUrl: string): Promise<true> {
  const response = await fetch(`${localUrl}/health/ready`);
  const body = await response.text();
  if (response.status !== 200) throw new Error(`${response.status} ${body}`);
  return true;
}
