import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { decodeState, type State } from './saved-state.js';

/** After saving, as many times as long as it took until the next time: a fifth of all time at most goes to it. */
const PAUSE_FACTOR = 4;
/** How long an answer may wait for the end of a pause. */
const PATIENCE_MS = 100;

/**
 * Keeps the state in a file, which is replaced as a whole, so that it is never half-written. Every answer waits
 * until what it tells of is in the file. Once there is so much to write that an answer would wait for longer than
 * `PATIENCE_MS`, it no longer does: dying then loses what came after the last time. What a crash of the machine
 * itself loses is up to its file system.
 */
export class StateFile {
  #isBehind = false;
  #isClosed = false;
  #pausedUntil = 0;
  #timer: NodeJS.Timeout | undefined;
  #waiters: Array<() => void> = [];
  #lastFailure: string | undefined;

  constructor(
    private readonly path: string,
    private readonly encode: () => string,
    private readonly log: (line: string) => void,
  ) {
    mkdirSync(dirname(path), { recursive: true });
  }

  /** To be called after every change; it is saved as soon as the work at hand is done. */
  changed(): void {
    if (this.#isClosed) return;
    this.#isBehind = true;
    this.#timer ??= setTimeout(() => this.save(), this.#pauseLeft());
  }

  /** When all that has changed so far is saved, unless that takes too long. */
  async saved(): Promise<void> {
    if (!this.#isBehind) return;
    const pause = this.#pauseLeft();
    if (pause === 0) this.save();
    else if (pause <= PATIENCE_MS) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  /** Saves for the last time: what changes from here on is only the end of everything. */
  close(): void {
    this.save();
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  save(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#isBehind) this.#write();
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resolve of waiters) resolve();
  }

  #write(): void {
    const before = process.cpuUsage();
    try {
      const next = `${this.path}.new`;
      writeFileSync(next, this.encode(), { mode: 0o600 });
      renameSync(next, this.path);
      this.#isBehind = false;
      this.#lastFailure = undefined;
    } catch (error) {
      // The next change tries again; a full disk is no reason to stop serving.
      const { message } = error as Error;
      if (message !== this.#lastFailure) this.log(`The state could not be saved: ${message}`);
      this.#lastFailure = message;
    }
    // Time for which others had the processor says nothing of how much there is to write.
    const { user, system } = process.cpuUsage(before);
    this.#pausedUntil = performance.now() + (PAUSE_FACTOR * (user + system)) / 1_000;
  }

  #pauseLeft(): number {
    return Math.max(0, Math.ceil(this.#pausedUntil - performance.now()));
  }
}

/** What a state file said, or where it was put because it could not be used. */
export interface ReadState {
  readonly state?: State;
  readonly setAside?: string;
}

/**
 * Reads a state file. One that is damaged, or of a version that is not known, is renamed and so kept.
 *
 * @throws when it is there and cannot be read or renamed at all
 */
export function readStateFile(path: string, log: (line: string) => void): ReadState {
  if (!existsSync(path)) return {};
  const text = readFileSync(path, 'utf8');
  try {
    return { state: decodeState(text) };
  } catch {
    const setAside = unusedName(`${path}.unusable`);
    renameSync(path, setAside);
    log(`${path} is damaged or of another version. It is now ${setAside}; this Stripe starts empty.`);
    return { setAside };
  }
}

function unusedName(base: string): string {
  let name = base;
  for (let number = 2; existsSync(name); number += 1) name = `${base}-${number}`;
  return name;
}
