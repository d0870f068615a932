import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';

/** A way to a database on which every statement is heard. */
export interface SqlTap {
  /** The database's URL, through the tap. */
  readonly url: string;
  /** Runs the work and returns the statements that were sent meanwhile, in the order they came. */
  during<Result>(work: () => Promise<Result>): Promise<{ result: Result; statements: string[] }>;
  /** From now on no answer of the database arrives until the returned function is called. */
  holdAnswers(): () => void;
  /**
   * Cuts the connection in the place of the answer to the first statement that is meant: the database has carried it
   * out by then, and the server does not know.
   */
  loseAnswerTo(isMeant: (statement: string) => boolean): void;
  /** How many answers were lost so. */
  readonly lost: number;
  close(): Promise<void>;
}

/**
 * Stands between a server and PostgreSQL and passes on every byte; what it hears is what the server really sent
 * (https://www.postgresql.org/docs/18/protocol-message-formats.html).
 */
export async function startSqlTap(databaseUrl: string): Promise<SqlTap> {
  const target = new URL(databaseUrl);
  const statements: string[] = [];
  const sockets = new Set<Socket>();
  let answersMayPass = Promise.resolve();
  let lost = 0;
  let isMeant: ((statement: string) => boolean) | undefined;
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true);
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    }
    let isLost = false;
    const listener = new FrontendListener((statement) => {
      statements.push(statement);
      if (!isMeant?.(statement)) return;
      isLost = true;
      isMeant = undefined;
    });
    client.on('data', (chunk: Buffer) => listener.push(chunk));
    const held = async function* (answers: AsyncIterable<Buffer>) {
      for await (const answer of answers) {
        await answersMayPass;
        if (isLost) {
          lost += 1;
          throw new Error('The answer is lost.');
        }
        yield answer;
      }
    };
    // A connection that either side cuts ends the other one too; tests cut connections on purpose.
    void Promise.allSettled([pipeline(client, upstream), pipeline(upstream, held, client)]);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(target);
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    get lost() {
      return lost;
    },
    async during(work) {
      const before = statements.length;
      const result = await work();
      return { result, statements: statements.slice(before) };
    },
    holdAnswers() {
      const { promise, resolve } = Promise.withResolvers<void>();
      answersMayPass = promise;
      return resolve;
    },
    loseAnswerTo(predicate) {
      isMeant = predicate;
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Reads what a client sends: simple queries, and prepared statements each time they are bound to values. */
export class FrontendListener {
  private unread: Buffer = Buffer.alloc(0);
  private started = false;
  private readonly prepared = new Map<string, string>();

  /** @param asked called where the client begins to wait for what it has sent so far */
  constructor(
    private readonly heard: (statement: string) => void,
    private readonly asked: () => void = () => undefined,
  ) {}

  push(chunk: Buffer): void {
    this.unread = Buffer.concat([this.unread, chunk]);
    // The first message has a length but no type.
    for (;;) {
      const header = this.started ? 1 : 0;
      if (this.unread.length < header + 4) return;
      const end = header + this.unread.readInt32BE(header);
      if (this.unread.length < end) return;
      if (this.started) this.message(String.fromCharCode(this.unread[0] ?? 0), this.unread.subarray(5, end));
      this.started = true;
      this.unread = this.unread.subarray(end);
    }
  }

  private message(type: string, body: Buffer): void {
    const [first = '', second = ''] = body.toString('utf8').split('\0', 2);
    if (type === 'Q') this.heard(first);
    if (type === 'P') this.prepared.set(first, second);
    if (type === 'B') this.heard(this.prepared.get(second) ?? `a statement named ${second}`);
    if (type === 'Q' || type === 'S') this.asked();
  }
}
