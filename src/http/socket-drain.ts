import { setTimeout as delay } from 'node:timers/promises';
import type { WebSocket } from 'ws';

/** Going away (RFC 6455, section 7.4.1): clients connect again, and reach another process. */
const GOING_AWAY = 1001;
/** How long a client has to answer that it was told to go, in milliseconds. */
const CLOSING_MS = 2_000;

/**
 * What goes on over each WebSocket, so that ending them cuts no answer short. A client that has lost the
 * answer to a mutation sends it again.
 */
export class SocketDrain {
  private readonly sockets = new Set<WebSocket>();
  private readonly operations = new Map<WebSocket, Set<string>>();
  private readonly executions = new Set<Promise<unknown>>();
  private started = false;

  /** True from the moment at which sockets are being ended. */
  get draining(): boolean {
    return this.started;
  }

  add(socket: WebSocket): void {
    this.sockets.add(socket);
  }

  /** The socket is closed. */
  remove(socket: WebSocket): void {
    this.sockets.delete(socket);
    this.operations.delete(socket);
  }

  /** A query or mutation has come, and `end` will follow. */
  begin(socket: WebSocket, id: string): void {
    if (!this.sockets.has(socket)) return;
    const operations = this.operations.get(socket) ?? new Set();
    this.operations.set(socket, operations.add(id));
  }

  /** The operation was answered, but for the message that says so, which is sent right after this. */
  end(socket: WebSocket, id: string): void {
    setImmediate(() => {
      const operations = this.operations.get(socket);
      operations?.delete(id);
      if (operations?.size === 0) this.operations.delete(socket);
      if (this.started) this.closeIfIdle(socket);
    });
  }

  /** Work that is to be finished even if its client has gone. */
  watch<Result>(work: Result): Result {
    if (!(work instanceof Promise)) return work;
    const execution: Promise<unknown> = work.catch(() => undefined);
    this.executions.add(execution);
    void execution.then(() => this.executions.delete(execution));
    return work;
  }

  /**
   * Ends every socket with 1001, each as soon as its operations are answered.
   *
   * @param patienceMs after so many milliseconds the rest is ended all the same
   */
  async drain(patienceMs: number): Promise<void> {
    this.started = true;
    const closed = [...this.sockets].map(
      (socket) => new Promise<void>((resolve) => socket.once('close', () => resolve())),
    );
    const finished = Promise.all([...closed, ...this.executions]);
    for (const socket of this.sockets) this.closeIfIdle(socket);
    const timer = new AbortController();
    const overdue = delay(patienceMs, undefined, { signal: timer.signal }).catch(() => undefined);
    await Promise.race([finished, overdue]);
    timer.abort();
    for (const socket of this.sockets) close(socket);
    await Promise.all(closed);
  }

  private closeIfIdle(socket: WebSocket): void {
    if (this.sockets.has(socket) && !this.operations.has(socket)) close(socket);
  }
}

function close(socket: WebSocket): void {
  socket.close(GOING_AWAY, 'Going away');
  const timer = setTimeout(() => socket.terminate(), CLOSING_MS);
  socket.once('close', () => clearTimeout(timer));
}
