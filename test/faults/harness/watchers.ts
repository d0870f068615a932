import { type Client, createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import type { TicketState } from '../../support/inventory-watch.js';
import type { Cluster } from './cluster.js';

/** A connection whose other end says nothing for so long is given up, and made anew; in milliseconds. */
const SILENCE_MS = 3_000;
const PING_MS = 1_000;
const PAUSE_MS = 200;
/** Orders that are followed, at most: enough to see one of each end. */
const MOST_FOLLOWED = 150;

const INVENTORY = `subscription Watch($showId: ID!) {
  inventoryChanged(showId: $showId) { tickets { ticketId available status version } }
}`;
const ORDER = `subscription Follow($id: ID!, $accessToken: String) {
  orderUpdated(id: $id, accessToken: $accessToken) { id status paymentStatus }
}`;

/** Somebody who watches a show, over as many connections as it takes. */
export class ShowWatcher {
  readonly state = new Map<string, TicketState>();
  /** When messages came, by `performance.now()`, and how many tickets they told of. */
  readonly messages: { readonly at: number; readonly tickets: number }[] = [];
  private readonly client: Client;
  private closed = false;

  constructor(
    url: string,
    readonly showId: string,
  ) {
    this.client = persistent(url);
    keepSubscribed<{ inventoryChanged: { tickets: TicketState[] } }>(
      this.client,
      { query: INVENTORY, variables: { showId } },
      ({ inventoryChanged }) => this.take(inventoryChanged.tickets),
      () => this.closed,
    );
  }

  close(): void {
    this.closed = true;
    disposeOf(this.client);
  }

  private take(tickets: readonly TicketState[]): void {
    this.messages.push({ at: performance.now(), tickets: tickets.length });
    if (this.messages.length > 1_000) this.messages.splice(0, 500);
    for (const ticket of tickets) {
      const known = this.state.get(ticket.ticketId);
      if (known === undefined || known.version <= ticket.version) this.state.set(ticket.ticketId, ticket);
    }
  }
}

interface Followed {
  readonly orderId: string;
  last: string | undefined;
}

/** Everybody who watches, by WebSocket. */
export class Watchers {
  readonly shows: ShowWatcher[] = [];
  readonly followed: Followed[] = [];
  private readonly clients: Client[] = [];
  private closed = false;

  constructor(private readonly cluster: Pick<Cluster, 'front'>) {}

  /** @returns so many new watchers of a show */
  watch(showId: string, count: number, url = this.cluster.front.url): ShowWatcher[] {
    const added = Array.from({ length: count }, () => new ShowWatcher(url, showId));
    this.shows.push(...added);
    return added;
  }

  /** Follows an order to its end. */
  follow(orderId: string, accessToken: string): void {
    if (this.followed.length >= MOST_FOLLOWED) return;
    const followed: Followed = { orderId, last: undefined };
    this.followed.push(followed);
    const client = persistent(this.cluster.front.url);
    this.clients.push(client);
    keepSubscribed<{ orderUpdated: { status: string; paymentStatus: string } }>(
      client,
      { query: ORDER, variables: { id: orderId, accessToken } },
      ({ orderUpdated: { status, paymentStatus } }) => {
        followed.last = `${status} + ${paymentStatus}`;
      },
      () => this.closed,
    );
  }

  close(): void {
    this.closed = true;
    for (const watcher of this.shows) watcher.close();
    for (const client of this.clients) disposeOf(client);
  }
}

/** Subscribes again when it is refused, as while PostgreSQL is away, or completed; connections come back by themselves. */
function keepSubscribed<Data>(
  client: Client,
  payload: { readonly query: string; readonly variables: Record<string, unknown> },
  take: (data: Data) => void,
  isOver: () => boolean,
): void {
  const again = () => {
    if (isOver()) return;
    setTimeout(() => keepSubscribed(client, payload, take, isOver), PAUSE_MS);
  };
  let failed = false;
  const stop = client.subscribe<Data>(payload, {
    next: ({ data, errors }) => {
      if (data && !errors) return take(data);
      // There was news that could not be told just then.
      failed = true;
      stop();
      again();
    },
    error: again,
    complete: () => {
      if (!failed) again();
    },
  });
}

/** One that is just being connected, in vain, says so here once more. */
function disposeOf(client: Client): void {
  Promise.resolve(client.dispose()).catch(() => undefined);
}

/** One that is closed while it is being connected says so in an event, also when nobody listens any more. */
class QuietSocket extends WebSocket {
  constructor(...given: ConstructorParameters<typeof WebSocket>) {
    super(...given);
    this.on('error', () => undefined);
  }
}

/** Comes back whatever ends it, as a shop's page does. */
function persistent(url: string): Client {
  let silence: NodeJS.Timeout | undefined;
  const client = createClient({
    url: `${url.replace(/^http/, 'ws')}/graphql`,
    webSocketImpl: QuietSocket,
    retryAttempts: Number.POSITIVE_INFINITY,
    retryWait: () => new Promise((resolve) => setTimeout(resolve, PAUSE_MS)),
    shouldRetry: () => true,
    connectionAckWaitTimeout: SILENCE_MS,
    keepAlive: PING_MS,
    on: {
      ping: (received) => {
        if (!received) silence = setTimeout(() => client.terminate(), SILENCE_MS);
      },
      pong: () => clearTimeout(silence),
      closed: () => clearTimeout(silence),
    },
  });
  return client;
}
