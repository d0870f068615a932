import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';

/** What becomes of what has just been heard: it goes on, it is swallowed, or the connection is cut in its place. */
export type Verdict = 'pass' | 'drop' | 'cut';

/** Hears what goes by on one connection, and may change its fate. */
export interface Ear {
  request?(chunk: Buffer): Verdict;
  reply?(chunk: Buffer): Verdict;
}

export interface TcpProxyOptions {
  readonly port: number;
  /** One for each connection. */
  readonly listen?: () => Ear;
  /** Other bytes of the same meaning to the client, for what is to be lost on the way. */
  readonly rewriteRequest?: (chunk: Buffer) => Buffer;
}

interface Link {
  readonly client: Socket;
  readonly upstream: Socket;
}

/** The network between a server and one thing that it needs, which can be made to fail in the ways that networks do. */
export class TcpProxy implements AsyncDisposable {
  /** Nothing gets through while this is not resolved: no reset, no refusal, no answer. */
  private open: Promise<void> = Promise.resolve();
  private reopen: () => void = () => undefined;
  private refusing = false;
  private droppingReplies = false;
  private delayMs = 0;
  private readonly links = new Set<Link>();

  private constructor(
    private readonly server: Server,
    private readonly target: TcpProxyOptions,
  ) {
    server.on('connection', (client) => this.join(client));
  }

  /** @param target on 127.0.0.1 */
  static async start(target: TcpProxyOptions): Promise<TcpProxy> {
    const server = createServer({ noDelay: true });
    const proxy = new TcpProxy(server, target);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Every connection ends, and new ones are refused, until `heal`. */
  cut(): void {
    this.refusing = true;
    for (const { client, upstream } of this.links) {
      client.destroy();
      upstream.destroy();
    }
  }

  /** Every connection of this moment is reset; new ones are made as usual. */
  reset(): void {
    for (const { client, upstream } of this.links) {
      client.resetAndDestroy();
      upstream.resetAndDestroy();
    }
  }

  /** Nothing arrives any more, in either direction, and nobody is told, until `heal`. */
  hang(): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.open = promise;
    this.reopen = resolve;
  }

  /** What is asked arrives; what is answered does not, until `heal`. */
  dropReplies(): void {
    this.droppingReplies = true;
  }

  /** Everything takes so many milliseconds longer in each direction, until `heal`. */
  delay(milliseconds: number): void {
    this.delayMs = milliseconds;
  }

  /** As before all of this. Where replies were dropped, connections that wait for them are cut: they never come. */
  heal(): void {
    this.refusing = false;
    this.delayMs = 0;
    this.reopen();
    if (this.droppingReplies) this.reset();
    this.droppingReplies = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.heal();
    const closed = once(this.server, 'close');
    this.server.close();
    this.cut();
    await closed;
  }

  private join(client: Socket): void {
    // What its end means is told by the pipelines, as long as there are any.
    client.on('error', () => undefined);
    if (this.refusing) {
      client.resetAndDestroy();
      return;
    }
    const upstream = connect({ port: this.target.port, host: '127.0.0.1', noDelay: true });
    upstream.on('error', () => undefined);
    const link = { client, upstream };
    this.links.add(link);
    const ear = this.target.listen?.() ?? {};
    const requests = this.passing((chunk) => ear.request?.(chunk) ?? 'pass', this.target.rewriteRequest);
    const replies = this.passing((chunk) => {
      if (this.droppingReplies) return 'drop';
      return ear.reply?.(chunk) ?? 'pass';
    });
    // A connection that either side ends, also by force, ends the other one too.
    void Promise.allSettled([
      pipeline(client, requests, upstream),
      pipeline(upstream, replies, client),
    ]).finally(() => this.links.delete(link));
  }

  private passing(judge: (chunk: Buffer) => Verdict, rewrite = (chunk: Buffer) => chunk) {
    const proxy = this;
    return async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        await proxy.open;
        if (proxy.delayMs > 0) await delay(proxy.delayMs);
        const verdict = judge(chunk);
        if (verdict === 'cut') throw new Error('The connection is cut.');
        if (verdict === 'pass') yield rewrite(chunk);
      }
    };
  }
}
