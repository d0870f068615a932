import type { WebSocket } from 'ws';

/** Each socket is asked once in so many ticks whether somebody is still there. */
const TICKS = 24;
const TICK_MS = 1_000;

/**
 * Ends sockets whose other end is gone without a word: those that have not answered one ping when the
 * next is due (https://github.com/websockets/ws#how-to-detect-and-close-broken-connections). One timer for
 * all, and a share of the sockets at each tick, so that many cost no long turn.
 */
export class KeepAlive {
  private readonly shares = Array.from({ length: TICKS }, () => new Set<WebSocket>());
  private readonly unanswered = new Set<WebSocket>();
  private readonly answered = forgetIn(this.unanswered);
  private readonly timer: NodeJS.Timeout;
  private ticks = 0;
  private added = 0;

  constructor() {
    this.timer = setInterval(() => this.tick(), TICK_MS);
    this.timer.unref();
  }

  add(socket: WebSocket): void {
    this.shares[this.added % TICKS]?.add(socket);
    this.added += 1;
    socket.on('pong', this.answered);
  }

  remove(socket: WebSocket): void {
    for (const share of this.shares) share.delete(socket);
    this.unanswered.delete(socket);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private tick(): void {
    for (const socket of this.shares[this.ticks % TICKS] ?? []) {
      if (this.unanswered.has(socket)) {
        socket.terminate();
      } else if (socket.readyState === socket.OPEN) {
        this.unanswered.add(socket);
        socket.ping();
      }
    }
    this.ticks += 1;
  }
}

/** One listener for all sockets. */
function forgetIn(unanswered: Set<WebSocket>) {
  return function (this: WebSocket): void {
    unanswered.delete(this);
  };
}
