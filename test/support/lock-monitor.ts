import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { eventually } from './eventually.js';

/** What a server did to the key of a lock, as Redis carried it out. */
export interface LockEvent {
  readonly kind: 'acquired' | 'extended' | 'released';
  readonly key: string;
  /** Who holds it, or held it until now. */
  readonly owner: string;
  /** Milliseconds; of a release 0. */
  readonly ttlMs: number;
}

/** Hears every command that Redis carries out, through MONITOR (https://redis.io/docs/latest/commands/monitor/). */
export interface LockMonitor {
  /** In the order in which Redis carried them out. */
  readonly events: readonly LockEvent[];
  /** The keys of each script that was asked for, in the order in which they were sent. */
  readonly requests: ReadonlyArray<readonly string[]>;
  /** Keys whose owner was replaced without a release in between. */
  readonly stolen: readonly string[];
  heard(what: string, predicate: (events: readonly LockEvent[]) => boolean): Promise<void>;
  close(): void;
}

export async function monitorLocks(redisUrl: string): Promise<LockMonitor> {
  const { hostname, port } = new URL(redisUrl);
  const socket = connect(Number(port), hostname);
  const lines = createInterface({ input: socket });
  const ears = new Ears();
  lines.on('line', (line) => ears.hear(line));
  socket.write('MONITOR\r\n');
  const [reply] = await once(lines, 'line');
  if (reply !== '+OK') throw new Error(`Redis answered MONITOR with ${reply}`);
  return {
    events: ears.events,
    requests: ears.requests,
    stolen: ears.stolen,
    async heard(what, predicate) {
      await eventually(what, () => predicate(ears.events));
    },
    close() {
      socket.destroy();
    },
  };
}

/** Follows who holds which key from the commands that scripts carry out. */
class Ears {
  readonly events: LockEvent[] = [];
  readonly requests: string[][] = [];
  readonly stolen: string[] = [];
  private readonly owners = new Map<string, string>();

  /** For example: `1339518083.107412 [0 lua] "set" "lock:a" "me" "PX" "100"`. */
  hear(line: string): void {
    const [name = '', ...args] = [...line.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((word) => word[1] as string);
    if (/^\S+ \[\d+ lua\]/.test(line)) this.command(name.toLowerCase(), args);
    else if (/^eval(sha)?$/i.test(name)) this.requests.push(args.slice(2, 2 + Number(args[1])));
  }

  private command(name: string, [key = '', owner = '', unit = '', ttl = '']: readonly string[]): void {
    if (!key.startsWith('lock:')) return;
    const present = this.owners.get(key);
    if (name === 'del') {
      this.events.push({ kind: 'released', key, owner: present ?? '', ttlMs: 0 });
      this.owners.delete(key);
    }
    if (name !== 'set') return;
    if (unit.toUpperCase() !== 'PX') throw new Error(`${key} was set without an end: ${unit} ${ttl}`);
    if (present !== undefined && present !== owner) this.stolen.push(key);
    this.events.push({ kind: present === owner ? 'extended' : 'acquired', key, owner, ttlMs: Number(ttl) });
    this.owners.set(key, owner);
  }
}
