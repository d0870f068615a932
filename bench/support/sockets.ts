import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { WebSocket } from 'ws';
import { INVENTORY } from './documents.js';
import { HttpConnection } from './http-connection.js';
import { Latencies, type LatencyCounts } from './latencies.js';
import { requestsOf, type Target } from './work.js';
import { startWorker, type Worker } from './worker.js';

/** What a process full of sockets is asked to do (socket-process.ts). */
export type SocketJob =
  /** Opens so many at once, each subscribed to the show's inventory, or just open where there is no show. */
  | { readonly kind: 'open'; readonly url: string; readonly count: number; readonly showId?: number }
  /** Makes changes at an even rate and sees them arrive at every open socket. */
  | {
      readonly kind: 'change';
      readonly by: ChangedBy;
      readonly count: number;
      readonly perSecond: number;
    }
  | { readonly kind: 'close' };

/** Each change takes 1 from `available`, from `from` down. */
export type ChangedBy = { readonly from: number } & (
  | { readonly purchaseAt: string; readonly target: Target }
  /** The text is a frame as the product sends it; its number is replaced. */
  | { readonly redisUrl: string; readonly channel: string; readonly text: string }
);

export interface SocketResult {
  /** Messages that came. */
  readonly deliveries: number;
  /** Connections that were refused or reset before they were open, and tried again as a client does. */
  readonly retries: number;
  /** For every change and socket: from the moment the change was asked for to the message that shows it. */
  readonly latencies: LatencyCounts;
  /** The newest message. */
  readonly message: string;
}

/** Sockets in a process of their own. */
export function startSockets(): Worker<SocketJob, SocketResult> {
  return startWorker(import.meta.url, './socket-process.js');
}

const AVAILABLE = /"available":(\d+)/;
const DELIVERED_WITHIN_MS = 20_000;
const TRIES = 20;
const RETRY_MS = 250;
const CHANGERS = 4;

interface Subscriber {
  readonly socket: WebSocket;
  /** What it was last told. */
  available: number;
}

/** Many subscribers in one process. */
export class Sockets {
  private subscribers: Subscriber[] = [];
  private latencies = new Latencies();
  private deliveries = 0;
  private retries = 0;
  private message = '';
  /** When each value of `available` was asked for. */
  private readonly askedFor = new Map<number, number>();
  private failure: Error | undefined;

  /** @throws when a socket is refused, closed, or told of an error. */
  async run(job: SocketJob): Promise<SocketResult> {
    this.deliveries = 0;
    this.retries = 0;
    this.latencies = new Latencies();
    if (job.kind === 'open') await this.open(job.url, job.count, job.showId);
    else if (job.kind === 'change') await this.change(job.by, job.count, job.perSecond);
    else await this.close();
    if (this.failure) throw this.failure;
    const { deliveries, retries, latencies, message } = this;
    return { deliveries, retries, latencies: latencies.counts(), message };
  }

  private async open(url: string, count: number, showId: number | undefined): Promise<void> {
    const opened = Array.from({ length: count }, () => this.connect(url, showId));
    this.subscribers.push(...(await Promise.all(opened)));
  }

  private async connect(url: string, showId: number | undefined): Promise<Subscriber> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.subscribe(url, showId);
      } catch (error) {
        const { code = '' } = error as NodeJS.ErrnoException;
        if (tries === TRIES || !['ECONNREFUSED', 'ECONNRESET'].includes(code)) throw error;
        this.retries += 1;
        await delay(RETRY_MS * (0.5 + Math.random()));
      }
    }
  }

  /** Resolves once it is open and, with a show, has been told of it. */
  private subscribe(url: string, showId: number | undefined): Promise<Subscriber> {
    const protocol = showId === undefined ? [] : ['graphql-transport-ws'];
    const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, protocol, {
      perMessageDeflate: false,
    });
    const subscriber = { socket, available: Number.POSITIVE_INFINITY };
    let opened = false;
    return new Promise((resolve, reject) => {
      const fail = (error: Error) => {
        // Before it was open it is for `connect` to decide.
        if (opened) this.failure ??= error;
        reject(error);
      };
      socket.on('error', fail);
      socket.on('close', (code, reason) => fail(new Error(`A socket was closed: ${code} ${reason}`)));
      socket.on('open', () => {
        opened = true;
        if (showId === undefined) resolve(subscriber);
        else socket.send('{"type":"connection_init"}');
      });
      socket.on('message', (data: Buffer) => {
        const text = data.toString('latin1');
        if (showId === undefined || text.includes('"type":"next"')) {
          this.receive(subscriber, text, fail);
          resolve(subscriber);
        } else if (text.includes('"type":"connection_ack"')) {
          const payload = { query: INVENTORY, variables: { showId: String(showId) } };
          socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload }));
        } else if (text.includes('"type":"ping"')) {
          socket.send('{"type":"pong"}');
        } else {
          fail(new Error(`A subscriber was told ${text}`));
        }
      });
    });
  }

  private receive(subscriber: Subscriber, text: string, fail: (error: Error) => void): void {
    const available = Number(AVAILABLE.exec(text)?.[1]);
    if (!Number.isInteger(available) || text.includes('"errors"')) {
      fail(new Error(`A subscriber was told ${text}`));
      return;
    }
    this.deliveries += 1;
    this.message = text;
    const now = performance.now();
    // Several changes may have become one message: each has arrived with it.
    const before = Math.min(subscriber.available, available + this.askedFor.size);
    for (let value = before - 1; value >= available; value -= 1) {
      const asked = this.askedFor.get(value);
      if (asked !== undefined) this.latencies.record(now - asked);
    }
    subscriber.available = Math.min(subscriber.available, available);
  }

  private async change(by: ChangedBy, count: number, perSecond: number): Promise<void> {
    this.askedFor.clear();
    await using changes = changesOf(by);
    const started = performance.now();
    const made: Promise<void>[] = [];
    for (let index = 1; index <= count; index += 1) {
      await delay(Math.max(0, started + (index * 1_000) / perSecond - performance.now()));
      this.askedFor.set(by.from - index, performance.now());
      made.push(changes.make(index));
    }
    await Promise.all(made);
    await this.everyoneHas(by.from - count);
  }

  /** @throws when somebody has not been told of the last change in good time. */
  private async everyoneHas(available: number): Promise<void> {
    const deadline = performance.now() + DELIVERED_WITHIN_MS;
    for (;;) {
      const waiting = this.subscribers.filter((subscriber) => subscriber.available !== available).length;
      if (waiting === 0) return;
      if (performance.now() > deadline)
        throw new Error(`${waiting} subscribers have not seen the last change.`);
      await delay(5);
    }
  }

  private async close(): Promise<void> {
    const closed = this.subscribers.map(({ socket }) => {
      socket.removeAllListeners('close');
      return new Promise((resolve) => {
        socket.once('close', resolve);
        socket.close(1000);
      });
    });
    await Promise.all(closed);
    this.subscribers = [];
  }
}

interface Changes extends AsyncDisposable {
  make(index: number): Promise<void>;
}

function changesOf(by: ChangedBy): Changes {
  if ('redisUrl' in by) {
    const redis = new Redis(by.redisUrl);
    return {
      make: async (index) => {
        await redis.publish(by.channel, by.text.replace(AVAILABLE, `"available":${by.from - index}`));
      },
      [Symbol.asyncDispose]: async () => redis.disconnect(),
    };
  }
  const requests = requestsOf({ kind: 'purchase', targets: [by.target] });
  const connections = Array.from({ length: CHANGERS }, () => new HttpConnection(by.purchaseAt));
  const free = [...connections];
  return {
    make: async () => {
      const connection = free.pop() ?? new HttpConnection(by.purchaseAt);
      if (!connections.includes(connection)) connections.push(connection);
      const outcome = requests.check(await connection.send(requests.next()));
      if (outcome !== 'ok') throw new Error(`A purchase was refused: ${outcome}`);
      free.push(connection);
    },
    [Symbol.asyncDispose]: async () => {
      for (const connection of connections) connection.close();
    },
  };
}
