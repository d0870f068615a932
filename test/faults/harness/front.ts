import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { eventually } from '../../support/eventually.js';

/** How often each server is asked whether it is ready, and after how many misses it is no more; as deploy/haproxy.cfg, faster. */
const CHECK_MS = 200;
const CHECK_TIMEOUT_MS = 5_000;
const FALL = 2;

interface Backend {
  readonly port: number;
  readonly agent: Agent;
  ready: boolean;
  misses: number;
  underWay: number;
}

/**
 * The proxy in front of the servers: sends each request to the ready server that has the fewest. A connection that
 * is refused is tried elsewhere; nothing that a server may have read is ever sent again.
 */
export class Front implements AsyncDisposable {
  /** Decides whether what a server has answered gets lost on its way to the buyer. */
  losesAnswer: (() => boolean) | undefined;
  private readonly backends: Backend[];
  private readonly server = createServer((incoming, outgoing) => {
    // Whoever asks may be gone before all of the question is here.
    this.pass(incoming, outgoing).catch(() => outgoing.destroy());
  });
  private readonly checks: NodeJS.Timeout;
  private readonly sockets = new Set<Duplex>();

  private constructor(ports: readonly number[]) {
    this.backends = ports.map((port) => ({
      port,
      agent: new Agent({ keepAlive: true }),
      ready: false,
      misses: 0,
      underWay: 0,
    }));
    this.server.on('upgrade', (incoming, socket, head) => this.upgrade(incoming, socket as Socket, head));
    this.server.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
    this.checks = setInterval(() => {
      for (const backend of this.backends) void this.check(backend);
    }, CHECK_MS);
  }

  /** @param ports of servers that are ready */
  static async start(ports: readonly number[]): Promise<Front> {
    const front = new Front(ports);
    front.server.keepAliveTimeout = 65_000;
    front.server.listen(0, '127.0.0.1');
    await once(front.server, 'listening');
    await Promise.all(front.backends.map((backend) => front.check(backend)));
    return front;
  }

  /** http://127.0.0.1:<port> */
  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Resolves once it sends requests to every server again. */
  async sendsToAll(timeoutMs: number): Promise<void> {
    await eventually(
      'the proxy sends to every server',
      () => this.backends.every(({ ready }) => ready),
      timeoutMs,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.checks);
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
    for (const { agent } of this.backends) agent.destroy();
  }

  private async check(backend: Backend): Promise<void> {
    const ok = await answersReady(backend);
    backend.misses = ok ? 0 : backend.misses + 1;
    if (ok || backend.misses >= FALL) backend.ready = ok;
  }

  private choose(except: ReadonlySet<Backend>): Backend | undefined {
    const others = this.backends.filter((backend) => !except.has(backend));
    return others.filter(({ ready }) => ready).sort((a, b) => a.underWay - b.underWay)[0];
  }

  private async pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const tried = new Set<Backend>();
    for (;;) {
      const backend = this.choose(tried);
      if (backend === undefined) return refuse(outgoing, 503);
      tried.add(backend);
      backend.underWay += 1;
      const outcome = await send(backend, incoming, body, outgoing, this.losesAnswer?.() ?? false);
      backend.underWay -= 1;
      if (outcome === 'answered') return;
      if (outcome === 'broken') return refuse(outgoing, 502);
      backend.ready = false;
    }
  }

  private upgrade(incoming: IncomingMessage, socket: Socket, head: Buffer): void {
    const backend = this.choose(new Set());
    if (backend === undefined) return void socket.destroy();
    const upstream = connect({ port: backend.port, host: '127.0.0.1', noDelay: true });
    this.sockets.add(upstream);
    const headers = incoming.rawHeaders.reduce(
      (text, part, index) => text + part + (index % 2 ? '\r\n' : ': '),
      '',
    );
    upstream.write(`${incoming.method} ${incoming.url} HTTP/1.1\r\n${headers}\r\n`);
    upstream.write(head);
    upstream.pipe(socket).pipe(upstream);
    for (const [one, other] of [
      [socket, upstream],
      [upstream, socket],
    ] as const) {
      one.on('error', () => other.destroy());
      one.on('close', () => {
        this.sockets.delete(one);
        other.destroy();
      });
    }
  }
}

async function answersReady({ port }: Backend): Promise<boolean> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/health/ready`, {
      signal: AbortSignal.timeout(CHECK_TIMEOUT_MS),
    });
    await answer.text();
    return answer.ok;
  } catch {
    return false;
  }
}

function refuse(outgoing: ServerResponse, status: number): void {
  if (outgoing.headersSent) outgoing.destroy();
  else outgoing.writeHead(status, { 'content-type': 'text/plain' }).end('no server is ready');
}

function send(
  { port, agent }: Backend,
  { method, url, headers }: IncomingMessage,
  body: Buffer,
  outgoing: ServerResponse,
  isLost: boolean,
): Promise<'answered' | 'refused' | 'broken'> {
  return new Promise((resolve) => {
    const sent = request({ host: '127.0.0.1', port, agent, method, path: url, headers }, (answer) => {
      if (isLost) {
        outgoing.destroy();
        resolve('answered');
        return;
      }
      outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      answer.pipe(outgoing);
      answer.on('end', () => resolve('answered'));
      answer.on('error', () => resolve('broken'));
    });
    sent.on('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code === 'ECONNREFUSED' ? 'refused' : 'broken'),
    );
    outgoing.on('close', () => sent.destroy());
    sent.end(body);
  });
}
