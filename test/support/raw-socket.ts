import { WebSocket } from 'ws';
import { eventually } from './eventually.js';

export interface RawMessage {
  readonly type: string;
  readonly id?: string;
  readonly payload?: unknown;
}

export interface RawSocketOptions {
  /** `graphql-transport-ws` unless given; none where it is null. */
  readonly protocol?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A WebSocket on /graphql that says what it is told to, whatever the protocol makes of it. */
export class RawSocket {
  readonly messages: RawMessage[] = [];
  /** How it was closed. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;

  constructor(readonly socket: WebSocket) {
    socket.on('message', (data) => this.messages.push(JSON.parse(String(data)) as RawMessage));
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) =>
      socket.once('close', (code, reason) => resolve({ code, reason: String(reason) })),
    );
  }

  /** @param message sent as JSON, unless it is text or bytes already */
  send(message: object | string | Buffer): void {
    const isRaw = typeof message === 'string' || Buffer.isBuffer(message);
    this.socket.send(isRaw ? message : JSON.stringify(message));
  }

  /** Initialises the connection, and waits until the server has said that it is. */
  async initialise(payload?: object): Promise<this> {
    this.send({ type: 'connection_init', ...(payload && { payload }) });
    await this.until(({ type }) => type === 'connection_ack');
    return this;
  }

  subscribe(id: string, query: string, variables: object = {}): void {
    this.send({ id, type: 'subscribe', payload: { query, variables } });
  }

  until(isIt: (message: RawMessage) => boolean): Promise<RawMessage> {
    return eventually('the message has come', () => this.messages.find(isIt));
  }

  /** Closes it, and waits until it is. */
  async close(): Promise<void> {
    this.socket.close();
    await this.closed;
  }
}

/** @throws with the status of HTTP where the server does not open it */
export async function openSocket(
  server: { readonly url: string },
  { protocol = 'graphql-transport-ws', headers = {} }: RawSocketOptions = {},
): Promise<RawSocket> {
  const url = `${server.url.replace('http', 'ws')}/graphql`;
  const socket = new WebSocket(url, protocol === null ? [] : [protocol], { headers });
  const raw = new RawSocket(socket);
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  return raw;
}
