import { setTimeout as delay } from 'node:timers/promises';
import WebSocket from 'ws';
import type { Latencies } from '../support/latencies.js';
import { OperationFailed } from './http.js';
import type { TicketState } from './jobs.js';
import type { TicketUpdate, Update, Updates } from './updates.js';

/** What all subscribers of one process share. */
export interface Audience {
  readonly updates: Updates;
  readonly subscription: string;
  /** From `sentAt` to arrival. */
  readonly sinceSent: Latencies;
  deliveries: number;
  changes: number;
}

export interface Address {
  readonly url: string;
  /** Where connections come from: one address has no more than some 28,000 ports. */
  readonly localAddress?: string;
}

const INIT = JSON.stringify({ type: 'connection_init' });
const PONG = JSON.stringify({ type: 'pong' });
const JOIN_PATIENCE_MS = 30_000;
const LONGEST_PAUSE_MS = 3_000;

/** The text that starts watching a show; the same for everybody, as an app's would be. */
export function subscriptionTo(showId: string, query: string): string {
  return JSON.stringify({ id: '1', type: 'subscribe', payload: { query, variables: { showId } } });
}

/** Somebody who watches the show, and comes back when the connection is lost. */
export class Subscriber {
  private socket: WebSocket | undefined;
  private readonly known = new Map<string, TicketUpdate>();
  private left = false;

  constructor(
    private readonly address: Address,
    private readonly audience: Audience,
    /** Told of connections that were lost. */
    private readonly onLost: (code: string) => void,
  ) {}

  /**
   * Resolves with the first state.
   *
   * @throws OperationFailed when there is none within 30 s
   */
  async join(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const { url, localAddress } = this.address;
    const socket = new WebSocket(url, 'graphql-transport-ws', {
      perMessageDeflate: false,
      skipUTF8Validation: true,
      ...(localAddress === undefined ? {} : { localAddress }),
    });
    this.socket = socket;
    const timer = setTimeout(() => reject(new OperationFailed('TIMEOUT')), JOIN_PATIENCE_MS);
    let joined = false;
    socket.on('open', () => socket.send(INIT));
    socket.on('error', () => undefined);
    socket.on('close', (code) => {
      reject(new OperationFailed(`CLOSED_${code}`));
      if (joined && !this.left) void this.rejoin(`CLOSED_${code}`);
    });
    socket.on('message', (data: Buffer) => {
      const text = data.toString('latin1');
      const update = this.audience.updates.read(text);
      if (update === undefined) return this.answer(socket, text, reject);
      this.take(update, joined);
      joined = true;
      resolve();
    });
    try {
      await promise;
    } catch (error) {
      socket.terminate();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** What contradicts these states; undefined if nothing does. */
  contradicts(tickets: readonly TicketState[]): string | undefined {
    for (const ticket of tickets) {
      const known = this.known.get(ticket.ticketId);
      if (known?.available === ticket.available && known.status === ticket.status) continue;
      return `believed ${JSON.stringify(known)}, but it is ${JSON.stringify(ticket)}`;
    }
    return undefined;
  }

  leave(): void {
    this.left = true;
    this.socket?.terminate();
  }

  private answer(socket: WebSocket, text: string, refuse: (error: Error) => void): void {
    const { type } = JSON.parse(text) as { type: string };
    if (type === 'connection_ack') socket.send(this.audience.subscription);
    else if (type === 'ping') socket.send(PONG);
    else if (type !== 'pong') refuse(new OperationFailed(`REFUSED_${type}`));
  }

  private take(update: Update, counts: boolean): void {
    if (counts) {
      const now = Date.now();
      this.audience.deliveries += 1;
      this.audience.sinceSent.record(now - update.sentAt);
      update.arrivals.set(now, (update.arrivals.get(now) ?? 0) + 1);
    }
    for (const ticket of update.tickets) {
      const known = this.known.get(ticket.ticketId);
      if (known !== undefined && known.version > ticket.version) continue;
      if (counts) this.audience.changes += ticket.version - (known?.version ?? ticket.version);
      this.known.set(ticket.ticketId, ticket);
    }
  }

  private async rejoin(reason: string): Promise<void> {
    let code = reason;
    while (!this.left) {
      this.onLost(code);
      await delay(LONGEST_PAUSE_MS * Math.random());
      try {
        return await this.join();
      } catch (error) {
        code = error instanceof OperationFailed ? error.code : String(error);
      }
    }
  }
}
