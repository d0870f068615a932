import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { FrontendListener } from '../support/sql-tap.js';
import type { Boundaries } from './boundaries.js';

export interface SqlSteps extends AsyncDisposable {
  /** The database's URL, where every statement is a step. */
  readonly url: string;
  /** Statements heard so far are what a process does that has nothing to do; from now on they are no steps. */
  ignoreWhatWasHeard(): void;
}

const ENDS_TRANSACTION = /^(commit|rollback)$/i;
const BEGINS_TRANSACTION = /^(begin|start transaction)/i;

/** Between a process and PostgreSQL: tells of each statement before it is passed on and once it is answered. */
export async function startSqlSteps(databaseUrl: string, boundaries: Boundaries): Promise<SqlSteps> {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  const heard = new Set<string>();
  let ignored: ReadonlySet<string> = new Set();
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true);
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => undefined);
    }
    const conversation = new Conversation(boundaries, (statement) => {
      const shape = withoutValues(statement);
      heard.add(shape);
      return !ignored.has(shape);
    });
    const end = () => {
      client.destroy();
      upstream.destroy();
    };
    void pass(client, upstream, (chunk) => conversation.ask(chunk)).finally(end);
    void pass(upstream, client, (chunk) => conversation.answer(chunk)).finally(end);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(target);
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    ignoreWhatWasHeard() {
      ignored = new Set(heard);
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

async function pass(from: Socket, to: Socket, mayPass: (chunk: Buffer) => Promise<boolean>): Promise<void> {
  try {
    for await (const chunk of from) {
      if (!(await mayPass(chunk as Buffer))) return;
      to.write(chunk as Buffer);
    }
  } catch {
    // Either side may cut the connection, and a process that is killed does.
  }
}

/** One connection: which statements are on their way, and which of them are steps. */
class Conversation {
  private readonly listener: FrontendListener;
  private readonly backend = new BackendListener();
  /** Steps that were sent and not yet waited for; and, per wait, those that it is for. */
  private sent: string[] = [];
  private readonly awaited: string[][] = [];
  private reached: string[] = [];
  /** Whether the transaction that is open has done anything that is a step. */
  private worked = false;

  constructor(
    private readonly boundaries: Boundaries,
    private readonly isWork: (statement: string) => boolean,
  ) {
    this.listener = new FrontendListener(
      (statement) => this.heard(statement),
      () => {
        this.awaited.push(this.sent);
        this.sent = [];
      },
    );
  }

  async ask(chunk: Buffer): Promise<boolean> {
    this.reached = [];
    this.listener.push(chunk);
    return this.allReached('before', this.reached);
  }

  async answer(chunk: Buffer): Promise<boolean> {
    for (let ready = this.backend.push(chunk); ready > 0; ready -= 1) {
      if (!(await this.allReached('after', this.awaited.shift() ?? []))) return false;
    }
    return true;
  }

  private async allReached(side: 'before' | 'after', names: readonly string[]): Promise<boolean> {
    for (const name of names) {
      if (!(await this.boundaries.reach({ side, name }))) return false;
    }
    return true;
  }

  private heard(statement: string): void {
    const isStep = this.isStep(statement.trim());
    const name = nameOf(statement);
    if (!isStep || isRead(name)) return;
    this.sent.push(name);
    this.reached.push(name);
  }

  /** A transaction counts from the first statement in it that is work, and with its end. */
  private isStep(statement: string): boolean {
    if (BEGINS_TRANSACTION.test(statement)) {
      this.worked = false;
      return false;
    }
    if (ENDS_TRANSACTION.test(statement)) return this.worked;
    const work = this.isWork(statement);
    this.worked ||= work;
    return work;
  }
}

/** Counts how often the database says that it is ready for more. */
class BackendListener {
  private unread: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): number {
    this.unread = Buffer.concat([this.unread, chunk]);
    let ready = 0;
    while (this.unread.length >= 5) {
      const end = 1 + this.unread.readInt32BE(1);
      if (this.unread.length < end) break;
      if (this.unread[0] === 0x5a) ready += 1;
      this.unread = this.unread.subarray(end);
    }
    return ready;
  }
}

/**
 * Around it the world is as it was after the step before: whoever dies there, dies as there. One that locks is a
 * step, since others wait for it.
 */
const isRead = (name: string) => name.startsWith('select from ') && !name.endsWith('for update');

/** Some statements carry values in their text, such as the time. */
const withoutValues = (statement: string) => statement.replace(/'[^']*'/g, '?').replace(/\d+/g, '?');

/** Short, and the same for the same statement whatever its values. */
function nameOf(statement: string): string {
  const words = statement.replace(/\s+/g, ' ').replaceAll('"', '').trim();
  const verb = /^(insert into|update|delete from) ([\w.]+)/i.exec(words)?.[0];
  const table = /\bfrom ([\w.]+)/i.exec(words)?.[1];
  const lock = /for (no key )?update/i.exec(words)?.[0];
  if (verb) return verb;
  if (/^select/i.test(words) && table) return `select from ${table}${lock ? ' for update' : ''}`;
  return words.slice(0, 60);
}
