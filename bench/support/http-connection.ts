import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  /** Path and query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface HttpAnswer {
  readonly status: number;
  /** Lines as they came, without the status line. */
  readonly head: string;
  readonly body: Buffer;
}

interface Pending {
  readonly resolve: (answer: HttpAnswer) => void;
  readonly reject: (error: Error) => void;
}

const NOTHING = Buffer.alloc(0);
const END_OF_HEAD = '\r\n\r\n';

/**
 * One kept-alive connection that does one request at a time. It reads no more of HTTP/1.1 than our servers write
 * (a status line, Content-Length, a body), because every microsecond that the load costs is taken from what it measures.
 */
export class HttpConnection {
  private socket: Socket | undefined;
  private received: Buffer = NOTHING;
  private pending: Pending | undefined;
  private closed = false;
  private readonly host: string;
  private readonly hostname: string;
  private readonly port: number;

  constructor(url: string) {
    const { host, hostname, port } = new URL(url);
    this.host = host;
    this.hostname = hostname;
    this.port = Number(port);
  }

  /** @throws when the connection breaks, or the answer is not one that our servers write. */
  async send(request: HttpRequest): Promise<HttpAnswer> {
    if (this.closed) throw new Error('This connection was closed by us.');
    if (this.pending) throw new Error('This connection waits for an answer already.');
    const socket = this.socket ?? (await this.open());
    return new Promise((resolve, reject) => {
      this.pending = { resolve, reject };
      socket.write(this.serialise(request));
    });
  }

  /** For good; a request that is under way fails. */
  close(): void {
    this.closed = true;
    this.socket?.destroy();
    this.fail(new Error('This connection was closed by us.'));
  }

  private async open(): Promise<Socket> {
    const socket = connect({ host: this.hostname, port: this.port, noDelay: true });
    await once(socket, 'connect');
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => this.receive(chunk));
    socket.on('error', (error) => this.fail(error));
    socket.on('close', () => this.fail(new Error(`${this.host} closed the connection.`)));
    return socket;
  }

  private fail(error: Error): void {
    const { pending } = this;
    this.socket = undefined;
    this.pending = undefined;
    this.received = NOTHING;
    pending?.reject(error);
  }

  private serialise({ method, path, headers = {}, body = '' }: HttpRequest): string {
    let head = `${method} ${path} HTTP/1.1\r\nhost: ${this.host}\r\n`;
    for (const name in headers) head += `${name}: ${headers[name]}\r\n`;
    if (method === 'GET') return `${head}\r\n`;
    return `${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  }

  private receive(chunk: Buffer): void {
    const data = this.received.length === 0 ? chunk : Buffer.concat([this.received, chunk]);
    this.received = data;
    const end = data.indexOf(END_OF_HEAD);
    if (end < 0) return;
    const head = data.toString('latin1', 0, end);
    const length = contentLength(head);
    const bodyStart = end + END_OF_HEAD.length;
    if (length === undefined) {
      this.socket?.destroy(new Error(`An answer without Content-Length:\n${head}`));
      return;
    }
    if (data.length < bodyStart + length) return;
    const { pending } = this;
    this.received = NOTHING;
    this.pending = undefined;
    const body = data.subarray(bodyStart, bodyStart + length);
    pending?.resolve({ status: Number(head.slice(9, 12)), head, body });
  }
}

function contentLength(head: string): number | undefined {
  const found = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (found !== undefined) return Number(found);
  return /^HTTP\/1\.1 (204|304)/.test(head) ? 0 : undefined;
}
