import { setTimeout as delay } from 'node:timers/promises';

export type LogEntry = Record<string, unknown>;

/** What a server under test has written: one JSON object per line of its log, and anything else as text. */
export class ServerLog {
  readonly entries: LogEntry[] = [];
  readonly lines: string[] = [];
  readonly #watchers = new Set<(entry: LogEntry) => void>();

  push(line: string): void {
    this.lines.push(line);
    const entry = parse(line);
    if (!entry) return;
    this.entries.push(entry);
    for (const watch of this.#watchers) watch(entry);
  }

  /**
   * The first entry, from the beginning of the log on, that satisfies the predicate; waits for it to come.
   *
   * @throws when none has come within `timeoutMs` milliseconds.
   */
  async waitFor(predicate: (entry: LogEntry) => boolean, timeoutMs = 15_000): Promise<LogEntry> {
    const present = this.entries.find(predicate);
    if (present) return present;
    let watch: (entry: LogEntry) => void = () => undefined;
    const timer = new AbortController();
    const arrival = new Promise<LogEntry>((resolve) => {
      watch = (entry) => {
        if (predicate(entry)) resolve(entry);
      };
      this.#watchers.add(watch);
    });
    const overdue = delay(timeoutMs, undefined, { signal: timer.signal }).catch(() => undefined);
    const found = await Promise.race([arrival, overdue]);
    this.#watchers.delete(watch);
    timer.abort();
    if (!found)
      throw new Error(`No such log entry within ${timeoutMs} ms. The end of the log:\n${this.tail()}`);
    return found;
  }

  tail(count = 40): string {
    return this.lines.slice(-count).join('\n') || '(it wrote nothing)';
  }
}

function parse(line: string): LogEntry | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as LogEntry;
  } catch {
    return undefined;
  }
}
