import { createWriteStream, renameSync } from 'node:fs';

/** Takes the lines of one server's log. The log of the run before is kept beside it, as `<name>.previous`. */
export function openLogFile(path: string): (line: string) => void {
  try {
    renameSync(path, `${path}.previous`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const stream = createWriteStream(path);
  // A full disk must not take the servers down.
  stream.on('error', () => undefined);
  return (line) => void stream.write(`${line}\n`);
}

interface Entry {
  readonly level?: string;
  readonly msg?: string;
  readonly err?: { readonly message?: string };
}

const LABELS: Readonly<Record<string, string>> = { warn: 'warning', error: 'error', fatal: 'error' };

/** What a person at the terminal should see of a line of the server's JSON log: warnings and worse, in short. */
export function worthShowing(line: string): string | undefined {
  let entry: Entry;
  try {
    entry = JSON.parse(line) as Entry;
  } catch {
    // What is no JSON comes from Node itself, or from a crash.
    return line.trim() === '' ? undefined : line;
  }
  const label = LABELS[entry.level ?? ''];
  if (label === undefined) return undefined;
  const cause = entry.err?.message && !entry.msg?.includes(entry.err.message) ? `: ${entry.err.message}` : '';
  return `${label}: ${entry.msg ?? '(no message)'}${cause}`;
}
