import type { Duplex } from 'node:stream';
import type { WebSocket as ProtocolSocket } from 'graphql-ws';
import type { WebSocket } from 'ws';
import type { Credentials } from '../accounts/index.js';

/**
 * One WebSocket as the protocol knows it. There are many: it keeps neither the request that opened it nor
 * functions of its own.
 */
export class Connection implements ProtocolSocket {
  /** Once the connection is initialised. */
  credentials: Credentials | undefined;

  /**
   * @param stream what the socket speaks over
   * @param address the client's, as far as trusted proxies tell it
   * @param listen passes on what the client says
   */
  constructor(
    readonly socket: WebSocket,
    readonly stream: Duplex,
    readonly address: string,
    private readonly listen: (socket: WebSocket, handle: MessageHandler) => void,
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

  send(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      if (!this.isOpen) resolve();
      else this.socket.send(text, (error) => (error ? reject(error) : resolve()));
    });
  }

  close(code?: number, reason?: string): void {
    this.socket.close(code, reason);
  }

  onMessage(handle: (text: string) => Promise<void>): void {
    // The protocol takes messages that are parsed already too: see parseMessage in graphql-ws.
    this.listen(this.socket, handle as MessageHandler);
  }
}

/** @param message parsed, or the text of what is no JSON object */
export type MessageHandler = (message: unknown) => Promise<void>;
