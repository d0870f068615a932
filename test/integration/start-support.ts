import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { projectRoot } from '../../dev/paths.js';
import { isAlive } from '../../dev/processes.js';
import { connectLocalStripe, type LocalStripeControl } from '../../dev/stripe/index.js';
import { type Exit, type Supervised, supervise } from '../../dev/supervise.js';
import { eventually } from '../support/eventually.js';
import type { Purchase } from '../support/fixtures.js';
import { fromSetup } from '../support/run.js';

const READY = 'Ctrl-C stops everything.';
/** GraphiQL may have to be built first. */
const READY_TIMEOUT_MS = 150_000;

export interface StartOptions {
  readonly port: number;
  readonly directory: string;
  /** Overrides and additions. */
  readonly env?: Readonly<Record<string, string>>;
}

/** `npm start`, without npm and the compiler. */
export interface Start {
  readonly url: string;
  readonly lines: readonly string[];
  readonly stripe: LocalStripeControl;
  /** Of the servers that it has started. */
  readonly pids: readonly number[];
  signal(name: NodeJS.Signals): void;
  readonly closed: Promise<Exit>;
  /** The commands to paste: first for free tickets, then for paid ones. */
  commands(): string[];
  mails(): string[];
}

/** A directory that PostgreSQL's account may enter too, removed after the whole run. */
export function newDirectory(): string {
  const directory = mkdtempSync(join(fromSetup('TEST_DIRECTORY'), 'start-'));
  chmodSync(directory, 0o711);
  return directory;
}

/** @throws with all that it has printed, when it ends before it is open. */
export async function openStart(options: StartOptions): Promise<Start> {
  const { program, lines } = await run(options);
  const outcome = await eventually(
    'everything is started',
    () => program.exit() ?? lines.includes(READY),
    READY_TIMEOUT_MS,
  );
  if (outcome !== true) {
    await program.closed;
    throw new Error(`It ended:\n${lines.join('\n')}`);
  }
  const { port, directory } = options;
  return {
    url: `http://127.0.0.1:${port}`,
    lines,
    stripe: connectLocalStripe(stripeUrlIn(lines)),
    pids: serversIn(directory),
    signal: (name) => program.signal(name),
    closed: program.closed,
    commands: () => lines.filter((line) => line.startsWith('curl ')),
    mails: () => readdirSync(join(directory, 'mail')).filter((name) => name.endsWith('.eml')),
  };
}

/** For a start that is expected to give up. */
export async function failStart(options: StartOptions): Promise<{ exit: Exit; output: string }> {
  const { program, lines } = await run(options);
  const exit = await program.closed;
  return { exit, output: lines.join('\n') };
}

async function run({
  port,
  directory,
  env,
}: StartOptions): Promise<{ program: Supervised; lines: string[] }> {
  const { PATH, TMPDIR } = process.env;
  const lines: string[] = [];
  const program = await supervise({
    command: process.execPath,
    args: ['dist/dev/start.js'],
    cwd: projectRoot,
    env: { PATH, ...(TMPDIR && { TMPDIR }), PORT: String(port), DATA_DIRECTORY: directory, ...env },
    onLine: (line) => lines.push(line),
  });
  return { program, lines };
}

function stripeUrlIn(lines: readonly string[]): string {
  const [url] = lines.flatMap((line) => /a local one at (http:[^\s;]+)/.exec(line)?.slice(1) ?? []);
  if (url === undefined) throw new Error(`No local Stripe in:\n${lines.join('\n')}`);
  return url;
}

/** Each server's own word for its process id. */
function serversIn(directory: string): number[] {
  const first = (file: string, pattern: RegExp): number[] => {
    const path = join(directory, file);
    if (!existsSync(path)) return [];
    const found = pattern.exec(readFileSync(path, 'utf8'));
    if (!found) throw new Error(`${path} names no process`);
    return [Number(found[1])];
  };
  const pids = [
    ...first('postgres/cluster/postmaster.pid', /^(\d+)/),
    ...first('server.log', /"pid":(\d+),.*Boxoffice is open/),
    ...first('redis.log', /^(\d+):/),
  ];
  if (!pids.every(isAlive)) throw new Error(`Not all of these run: ${pids.join(', ')}`);
  return pids;
}

/** Sends what a command for a shell would send, with the words that a shell makes of it. */
export async function paste(command: string): Promise<Purchase> {
  const words: string[] = [];
  const shell = await supervise({
    command: '/bin/sh',
    args: ['-c', `curl() { printf '%s\\n' "$@"; }\n${command}`],
    env: {},
    onLine: (line) => words.push(line),
  });
  await shell.closed;
  const [silent, url, headerFlag, header, bodyFlag, body, ...others] = words;
  expect([silent, headerFlag, header, bodyFlag, others]).toEqual([
    '-s',
    '-H',
    'content-type: application/json',
    '-d',
    [],
  ]);
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url!, { method: 'POST', headers, body });
  const answer = (await response.json()) as { data?: { purchaseTickets: Purchase }; errors?: unknown };
  if (answer.errors || !answer.data) throw new Error(JSON.stringify(answer.errors));
  return answer.data.purchaseTickets;
}
