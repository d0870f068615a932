import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { CloseCode, handleProtocols } from 'graphql-ws';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import type { Logger } from '../logging.js';
import { Connection } from './connection.js';
import { Initialisations } from './initialisations.js';
import { KeepAlive } from './keep-alive.js';
import type { Origins } from './origins.js';
import { type Lane, Pace } from './pace.js';
import { SocketDrain } from './socket-drain.js';
import { createProtocol, type ProtocolOptions } from './socket-protocol.js';

/** Bytes. */
const LARGEST_MESSAGE = 256 * 1024;
/**
 * How many of each are served in turn. Whoever is let in says two things before it has what it came for, so that
 * nobody waits for long once it is in.
 */
const SHARES = { upgrades: 1, messages: 3, deliveries: 2 } as const;

/** Messages of the protocol that clients do not send; `graphql-ws` takes one that does for a failure of its own. */
const SERVERS_OWN: ReadonlySet<unknown> = new Set(['connection_ack', 'next', 'error']);

export interface WebSocketOptions extends ProtocolOptions {
  /** How many proxies stand in front, and tell the client's address. */
  readonly trustedProxies: number;
  readonly origins: Origins;
}

/** Knows whose it is, so that listeners need not. */
class AcceptedSocket extends WebSocket {
  connection: Connection | undefined;
}

/**
 * GraphQL over WebSocket on /graphql, by the graphql-transport-ws protocol
 * (https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md). However many come at once, they are
 * served a few at a time between everything else.
 *
 * @returns what ends all connections with 1001 (going away), each once its operations are answered, and
 * after so many milliseconds at the latest
 */
export function acceptWebSockets(
  server: Server,
  options: WebSocketOptions,
): (patienceMs: number) => Promise<void> {
  const { metrics, logger } = options;
  const sockets = new WebSocketServer({
    noServer: true,
    WebSocket: AcceptedSocket,
    clientTracking: false,
    maxPayload: LARGEST_MESSAGE,
    handleProtocols,
  });
  const drain = new SocketDrain();
  const keepAlive = new KeepAlive();
  const pace = new Pace();
  const messages = pace.lane(SHARES.messages);
  const deliveries = pace.lane(SHARES.deliveries);
  const upgrades = pace.lane(SHARES.upgrades);
  const initialisations = new Initialisations(messages);
  const protocol = createProtocol(options, drain, deliveries);

  const onError = (error: Error) => logger.info({ err: error }, 'A WebSocket failed');
  const onMessage = createListener(messages, logger);
  // Each listener is one function for all sockets, which are told apart by `this`.
  function onClose(this: WebSocket, code: number, reason: Buffer) {
    metrics.sockets.dec();
    drain.remove(this);
    keepAlive.remove(this);
    const connection = connectionOf(this);
    if (connection === undefined) return;
    options.caps.leave(connection.address);
    const { credentials, isCounted } = connection;
    if (isCounted && credentials?.kind === 'user') options.caps.leaveUser(credentials.userId);
    void connection.closed?.(code, String(reason));
  }

  const accept = (socket: AcceptedSocket, stream: Duplex, address: string) => {
    const connection = new Connection(socket, stream, address);
    socket.connection = connection;
    options.caps.enter(address);
    connection.closed = protocol.opened(connection, connection);
    metrics.sockets.inc();
    drain.add(socket);
    keepAlive.add(socket);
    initialisations.add(connection);
    // The socket listens itself from now on.
    stream.off('error', destroy);
    socket.on('error', onError);
    socket.on('message', onMessage);
    socket.on('ping', listenIfRead);
    socket.on('close', onClose);
  };
  const upgrade = (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    const refuse = (status: string, reason: string) => {
      metrics.socketsRefused.inc({ reason });
      // Whoever does not hang up would else be kept for ever.
      stream.once('finish', destroy);
      stream.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
    };
    if (request.url?.split('?')[0] !== '/graphql') return refuse('404 Not Found', 'path');
    if (drain.draining) return refuse('503 Service Unavailable', 'draining');
    const { origin, host } = request.headers;
    if (!options.origins.isAllowed(origin, host)) return refuse('403 Forbidden', 'origin');
    const address = clientAddress(request, options.trustedProxies);
    if (!options.caps.hasRoom(address)) return refuse('429 Too Many Requests', 'address');
    sockets.handleUpgrade(request, stream, head, (socket) => accept(socket, stream, address));
  };
  server.on('upgrade', (request, stream, head) => {
    // Node.js has taken its own listener away: without one, a client that resets would end the process.
    stream.on('error', destroy);
    upgrades.run(() => upgrade(request, stream, head));
  });
  return async (patienceMs) => {
    await drain.drain(patienceMs);
    keepAlive.stop();
    initialisations.stop();
  };
}

/** One function for all, since each of its own would keep the request that it stands beside. */
function destroy(this: Duplex): void {
  this.destroy();
}

/** Each ping is answered, also to those who do not read. */
function listenIfRead(this: WebSocket): void {
  if (!this.isPaused) connectionOf(this)?.resume();
}

/** Passes on what clients say, a little at a time. What one sends faster than it is served stays on its side. */
function createListener(messages: Lane, logger: Logger) {
  const handle = async (socket: WebSocket, text: string) => {
    const message = parsed(text);
    const connection = connectionOf(socket);
    if (isObject(message) && SERVERS_OWN.has(message.type)) {
      connection?.close(CloseCode.BadRequest, 'Invalid message received');
      return;
    }
    try {
      await connection?.handle?.(message);
    } catch (error) {
      logger.error({ err: error }, 'A message over a WebSocket could not be handled');
      socket.close(CloseCode.InternalServerError, 'Internal server error');
    } finally {
      if (isObject(message) && message.type === 'subscribe') connection?.unpark(String(message.id));
    }
  };
  return function (this: WebSocket, data: RawData): void {
    this.pause();
    messages.run(() => {
      connectionOf(this)?.resume();
      // Whoever has gone would never end what it begins now.
      if (this.readyState === this.OPEN) void handle(this, String(data));
    });
  };
}

/** Parsed by the protocol, the text would be kept until the operation that it asks for is complete. */
function parsed(text: string): unknown {
  try {
    const message: unknown = JSON.parse(text);
    return isObject(message) ? message : text;
  } catch {
    return text;
  }
}

function connectionOf(socket: WebSocket): Connection | undefined {
  return (socket as AcceptedSocket).connection;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** As Fastify tells it over HTTP: the address that the outermost of our own proxies saw. */
function clientAddress(request: IncomingMessage, trustedProxies: number): string {
  const own = request.socket.remoteAddress ?? '';
  if (trustedProxies === 0) return own;
  const forwarded = String(request.headers['x-forwarded-for'] ?? '').split(',');
  return forwarded.at(-Math.min(trustedProxies, forwarded.length))?.trim() || own;
}
