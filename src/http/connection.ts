import type { Duplex } from 'node:stream';
import type { Context, WebSocket as ProtocolSocket } from 'graphql-ws';
import type { WebSocket } from 'ws';
import type { Credentials } from '../accounts/index.js';

/** Bytes that wait here to be read by the client, with which it is not listened to any more. */
const MOST_UNREAD = 1024 * 1024;

/**
 * One WebSocket as the protocol knows it. There are many: it keeps neither the request that opened it nor
 * functions of its own.
 */
export class Connection implements ProtocolSocket {
  /** How many queries and mutations are being executed, whether or not somebody waits for the answer. */
  executing = 0;
  /** Whether it is counted as one of its user's. */
  isCounted = false;
  /** Once the connection is initialised. */
  credentials: Credentials | undefined;
  /** What the protocol does with a message. */
  handle: MessageHandler | undefined;
  /** What the protocol does when the socket is closed. */
  closed: ((code: number, reason: string) => Promise<void>) | undefined;
  /** What goes on over this connection, by id, as the protocol sees it. */
  operations: Operations | undefined;
  private parked: Map<string, AsyncIterable<never>> | undefined;
  private waitsForReader = false;

  /**
   * @param stream what the socket speaks over
   * @param address the client's, as far as trusted proxies tell it
   */
  constructor(
    readonly socket: WebSocket,
    readonly stream: Duplex,
    readonly address: string,
  ) {}

  get protocol(): string {
    return this.socket.protocol;
  }

  get isOpen(): boolean {
    return this.socket.readyState === this.socket.OPEN;
  }

  /** Whether something that was sent still waits here for the client to take it. */
  get isSlow(): boolean {
    return this.stream.writableLength > 0;
  }

  /**
   * Listens on, or, where more waits to be read than anybody is behind by accident, once that has been read: who does
   * not read is not listened to, and what it sends stays on its side.
   */
  resume(): void {
    if (this.stream.writableLength < MOST_UNREAD) this.socket.resume();
    else if (!this.waitsForReader) this.listenWhenRead();
  }

  private listenWhenRead(): void {
    this.waitsForReader = true;
    this.socket.pause();
    this.stream.once('drain', () => {
      this.waitsForReader = false;
      this.socket.resume();
    });
  }

  /** Until it is on its way. What cannot be written is for a client that has gone, and the socket closes by itself. */
  send(text: string): Promise<void> {
    return new Promise((resolve) => {
      if (!this.isOpen) resolve();
      else this.socket.send(text, () => resolve());
    });
  }

  close(code?: number, reason?: string): void {
    this.socket.close(code, reason);
  }

  onMessage(handle: (text: string) => Promise<void>): void {
    // The protocol takes messages that are parsed already too: see parseMessage in graphql-ws.
    this.handle = handle as MessageHandler;
  }

  /**
   * Makes the protocol believe that a subscription has ended, without a word to the client: waiting for
   * what will not come from it, the protocol would keep more than everything else that one costs.
   */
  park(id: string, subscription: AsyncIterable<never>): void {
    delete this.operations?.[id];
    this.parked ??= new Map();
    this.parked.set(id, subscription);
  }

  /** Once the message that began it is handled: from now on the client, or its going, can end it. */
  unpark(id: string): void {
    const subscription = this.parked?.get(id);
    if (subscription === undefined || this.operations === undefined) return;
    this.operations[id] = subscription;
    this.parked?.delete(id);
    if (this.parked?.size === 0) this.parked = undefined;
  }
}

export type Operations = Context['subscriptions'];

/** @param message parsed, or the text of what is no JSON object */
export type MessageHandler = (message: unknown) => Promise<void>;
