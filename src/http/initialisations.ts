import { CloseCode } from 'graphql-ws';
import type { Connection } from './connection.js';
import type { Lane } from './pace.js';

/** How long a client has for `connection_init` once it is connected, in milliseconds. */
const PATIENCE_MS = 3_000;
const TICK_MS = 100;

/**
 * Ends connections that are not initialised in time. Only time in which we listened counts: a process that did
 * nothing for a while, for want of a processor say, takes that for one tick, and then reads what has arrived before
 * it judges. One timer for all of them, and none while nobody is waited for.
 */
export class Initialisations {
  /** By the tick at which their time is over, the first to be over first. */
  private readonly waiting = new Map<number, Connection[]>();
  private timer: NodeJS.Timeout | undefined;
  private ticks = 0;

  /** @param messages where what clients say waits for its turn */
  constructor(private readonly messages: Lane) {}

  add(connection: Connection): void {
    // The tick that goes on has begun already.
    const end = this.ticks + PATIENCE_MS / TICK_MS + 1;
    const others = this.waiting.get(end);
    if (others === undefined) this.waiting.set(end, [connection]);
    else others.push(connection);
    this.schedule();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.waiting.clear();
  }

  private schedule(): void {
    if (this.timer !== undefined || this.waiting.size === 0) return;
    this.timer = setTimeout(() => this.tick(), TICK_MS);
    this.timer.unref();
  }

  private tick(): void {
    this.timer = undefined;
    this.ticks += 1;
    const over = this.waiting.get(this.ticks) ?? [];
    this.waiting.delete(this.ticks);
    this.schedule();
    // Between a timer and an immediate, Node.js reads its sockets; what they said then comes first in the lane.
    setImmediate(() => {
      for (const connection of over) this.messages.run(() => endUnlessInitialised(connection));
    });
  }
}

function endUnlessInitialised(connection: Connection): void {
  // Its `connection_init` has come, though its token may still be looked at.
  if (connection.operations !== undefined) return;
  connection.close(CloseCode.ConnectionInitialisationTimeout, 'Connection initialisation timeout');
}
