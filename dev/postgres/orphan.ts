import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { commandLine, isAlive, waitUntilGone } from '../processes.js';

const FAST_SHUTDOWN_MS = 20_000;
const IMMEDIATE_SHUTDOWN_MS = 5_000;

/**
 * Makes way in a cluster whose last server was not stopped by us. If that server still runs, it is stopped. If its
 * process id has gone to another program, PostgreSQL would refuse to start because of it, so the pid file goes. If
 * nobody has that id, the file stays: PostgreSQL replaces it, and reads from it whether old backends still live.
 */
export async function stopOrphan(clusterDirectory: string): Promise<void> {
  const file = join(clusterDirectory, 'postmaster.pid');
  const pid = readPid(file);
  if (pid === undefined || !isAlive(pid)) return;
  if (!isServerOf(pid, clusterDirectory)) {
    rmSync(file, { force: true });
    return;
  }
  // SIGINT is PostgreSQL's fast shutdown, SIGQUIT the immediate one
  // (https://www.postgresql.org/docs/18/server-shutdown.html).
  for (const [signal, patience] of [
    ['SIGINT', FAST_SHUTDOWN_MS],
    ['SIGQUIT', IMMEDIATE_SHUTDOWN_MS],
    ['SIGKILL', IMMEDIATE_SHUTDOWN_MS],
  ] as const) {
    send(pid, signal);
    if (await waitUntilGone(pid, patience)) return;
  }
  throw new Error(`A PostgreSQL (pid ${pid}) already serves ${clusterDirectory} and does not stop.`);
}

function readPid(file: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(file, 'utf8'), 10);
    return Number.isInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

function isServerOf(pid: number, clusterDirectory: string): boolean {
  const command = commandLine(pid);
  return command.includes('postgres') && command.includes(clusterDirectory);
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // It ended by itself in the meantime.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
