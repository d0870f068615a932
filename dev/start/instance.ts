import { mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join, relative, resolve } from 'node:path';
import { eventually } from '../eventually.js';
import { projectRoot } from '../paths.js';
import { isPortFree } from '../ports.js';
import { tryLock } from './lock.js';

const DEFAULT_PORT = 4000;
const HIGHEST_PORT = 65_535;
const ORPHAN_PATIENCE_MS = 25_000;

/** One running `npm start`: several can run at once, each with its own port and its own data. */
export interface Instance {
  readonly host: string;
  readonly port: number;
  readonly publicUrl: string;
  /** Where this machine reaches the server, whatever its public address. */
  readonly localUrl: string;
  /** Where its data lies, absolute. */
  readonly directory: string;
  /** The same, as one would type it. */
  readonly shownDirectory: string;
}

/** Something that the person at the terminal can put right; shown without a stack. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

/** @throws StartError for a PORT that is none. */
export function describeInstance(environment: NodeJS.ProcessEnv): Instance {
  const given = environment.PORT || String(DEFAULT_PORT);
  const port = Number(given);
  if (!/^\d+$/.test(given) || port < 1 || port > HIGHEST_PORT) {
    throw new StartError(`PORT is "${given}"; it must be a number from 1 to ${HIGHEST_PORT}.`);
  }
  const directory = environment.DATA_DIRECTORY
    ? resolve(environment.DATA_DIRECTORY)
    : join(projectRoot, '.data', ...(port === DEFAULT_PORT ? [] : [`port-${port}`]));
  // The demo has a well-known password, so nobody else's machine gets to see it unasked.
  const host = environment.HOST || '127.0.0.1';
  return {
    host,
    port,
    localUrl: `http://${reachable(host)}:${port}`,
    publicUrl: (environment.PUBLIC_URL || `http://localhost:${port}`).replace(/\/+$/, ''),
    directory,
    shownDirectory: shown(directory),
  };
}

/** A directory as one would type it here. */
export function shown(directory: string): string {
  const path = relative(process.cwd(), directory) || '.';
  return path.startsWith('..') ? directory : path;
}

function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

/**
 * Makes this process the only one that works on the instance's data.
 *
 * @returns what gives it up again.
 * @throws StartError if the port is taken, or another start of the same instance is under way.
 */
export async function claim(instance: Instance): Promise<() => void> {
  mkdirSync(instance.directory, { recursive: true });
  const { port } = instance;
  const elsewhere = `or start on another port: PORT=${port + 1} npm start`;
  const lock = tryLock(join(instance.directory, 'start.pid'));
  if ('holder' in lock) {
    throw new StartError(
      `It is already running, with its data in ${instance.shownDirectory} (process ${lock.holder}). Stop it, ${elsewhere}`,
    );
  }
  try {
    // Where the last start was killed, its server may still be finishing what it had begun.
    const patience = lock.abandoned ? ORPHAN_PATIENCE_MS : 0;
    await eventually(`port ${port} is free`, () => isUnused(instance), patience);
  } catch {
    lock.release();
    throw new StartError(`Port ${port} is taken. Stop what listens there, ${elsewhere}`);
  }
  return lock.release;
}

async function isUnused({ host, port }: Instance): Promise<boolean> {
  if (!(await isPortFree(port, host))) return false;
  return !(await accepts(port, '127.0.0.1')) && !(await accepts(port, '::1'));
}

/** Binding alone does not tell: some systems let a server on one address hide behind one on all addresses. */
function accepts(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host });
    const answer = (accepted: boolean) => {
      socket.destroy();
      resolve(accepted);
    };
    socket.once('connect', () => answer(true));
    socket.once('error', () => answer(false));
  });
}
