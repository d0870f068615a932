import { setTimeout as delay } from 'node:timers/promises';
import { type Client, createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import type { GraphQLAnswer, GraphQLFailure, Variables } from './graphql-client.js';

export interface SubscribeOptions {
  readonly token?: string;
  /** Sent with connection_init instead of what `token` makes. */
  readonly connectionParams?: Readonly<Record<string, unknown>>;
  /** Of the request that opens the socket. */
  readonly headers?: Readonly<Record<string, string>>;
}

type Message<Data> = Pick<GraphQLAnswer<Data>, 'data' | 'errors'>;
type Ending = { readonly kind: 'complete' } | { readonly kind: 'failed'; readonly reason: unknown };

/** One subscription on a WebSocket of its own, speaking graphql-transport-ws. */
export class Subscription<Data> {
  /** Everything that has come, taken by `next` or not. */
  readonly received: Array<Message<Data>> = [];
  #taken = 0;
  #ending: Ending | undefined;
  #wake: () => void = () => undefined;
  readonly #client: Client;

  constructor(url: string, document: string, variables: Variables, options: SubscribeOptions) {
    const { token, headers } = options;
    this.#client = createClient({
      url: url.replace(/^http/, 'ws'),
      webSocketImpl: headers === undefined ? WebSocket : socketWith(headers),
      retryAttempts: 0,
      connectionParams:
        options.connectionParams ?? (token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    });
    this.#client.subscribe<Data>(
      { query: document, variables },
      {
        next: ({ data, errors }) => {
          this.received.push({ data, errors: (errors ?? []) as unknown as GraphQLFailure[] });
          this.#wake();
        },
        error: (reason) => this.#end({ kind: 'failed', reason: withoutSocket(reason) }),
        complete: () => this.#end({ kind: 'complete' }),
      },
    );
  }

  /**
   * The next message's data, waiting for it if need be.
   *
   * @throws when it carries errors, when the subscription has ended, or after `timeoutMs` milliseconds.
   */
  async next(timeoutMs = 10_000): Promise<Data> {
    const message = await this.nextMessage(timeoutMs);
    if (message.errors.length > 0 || !message.data) {
      throw new Error(`The subscription sent no data: ${JSON.stringify(message)}`);
    }
    return message.data;
  }

  /** Like `next`, with whatever errors the message carries. */
  async nextMessage(timeoutMs = 10_000): Promise<Message<Data>> {
    await this.#until(() => this.#taken < this.received.length || this.#ending !== undefined, timeoutMs);
    const message = this.received[this.#taken];
    if (!message) throw new Error(`The subscription has ended: ${describe(this.#ending)}`);
    this.#taken += 1;
    return message;
  }

  /** Takes messages until one satisfies the predicate, and returns its data. */
  async nextWhere(predicate: (data: Data) => boolean, timeoutMs = 10_000): Promise<Data> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const data = await this.next(Math.max(1, deadline - Date.now()));
      if (predicate(data)) return data;
    }
  }

  /**
   * Waits until the subscription is over: undefined if it was completed, else why it failed: a list of GraphQL
   * errors, or the `code` and `reason` with which the socket was closed.
   */
  async ended(timeoutMs = 10_000): Promise<unknown> {
    await this.#until(() => this.#ending !== undefined, timeoutMs);
    return this.#ending?.kind === 'failed' ? this.#ending.reason : undefined;
  }

  async close(): Promise<void> {
    await this.#client.dispose();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Data> {
    for (;;) {
      await this.#until(() => this.#taken < this.received.length || this.#ending !== undefined, 2 ** 30);
      if (this.#taken >= this.received.length && this.#ending?.kind === 'complete') return;
      yield await this.next();
    }
  }

  #end(ending: Ending): void {
    this.#ending ??= ending;
    this.#wake();
  }

  async #until(condition: () => boolean, timeoutMs: number): Promise<void> {
    const timer = new AbortController();
    const overdue = delay(timeoutMs, true, { signal: timer.signal }).catch(() => false);
    try {
      while (!condition()) {
        const woken = new Promise<false>((resolve) => {
          this.#wake = () => resolve(false);
        });
        if (await Promise.race([woken, overdue])) {
          throw new Error(`No message within ${timeoutMs} ms; ${this.received.length} had come before.`);
        }
      }
    } finally {
      timer.abort();
    }
  }
}

function socketWith(headers: Readonly<Record<string, string>>): typeof WebSocket {
  return class extends WebSocket {
    constructor(url: string, protocols: string[]) {
      super(url, protocols, { headers });
    }
  } as typeof WebSocket;
}

/** Of the event that a closed WebSocket gives, only what the server has said. */
function withoutSocket(reason: unknown): unknown {
  if (typeof reason !== 'object' || reason === null || !('code' in reason && 'reason' in reason))
    return reason;
  return { code: reason.code, reason: reason.reason };
}

function describe(ending: Ending | undefined): string {
  if (ending?.kind !== 'failed') return 'completed by the server';
  const { reason } = ending;
  return reason instanceof Error ? reason.message : JSON.stringify(reason);
}

/** Subscribes at once; what comes is kept until it is asked for. */
export function subscribe<Data = Record<string, unknown>>(
  server: { readonly url: string },
  document: string,
  variables: Variables = {},
  options: SubscribeOptions = {},
): Subscription<Data> {
  return new Subscription<Data>(`${server.url}/graphql`, document, variables, options);
}
