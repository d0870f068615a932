import { expectData, graphql } from './graphql-client.js';
import { type SubscribeOptions, type Subscription, subscribe } from './websocket-client.js';

type Server = { readonly url: string };

export interface TicketState {
  readonly ticketId: string;
  readonly available: number;
  readonly status: string;
  readonly version: number;
}

export interface Update {
  readonly inventoryChanged: {
    readonly showId: string;
    readonly sentAt: string;
    readonly tickets: readonly TicketState[];
  };
}

const DOCUMENT = `subscription Watch($showId: ID!) {
  inventoryChanged(showId: $showId) { showId sentAt tickets { ticketId available status version } }
}`;

/** Somebody who watches a show, and has the newest of what was told. */
export class Watcher {
  readonly updates: Array<Update['inventoryChanged']> = [];
  readonly state = new Map<string, TicketState>();

  constructor(readonly subscription: Subscription<Update>) {}

  /**
   * The next message, taken in.
   *
   * @throws when it tells of a ticket what is older than what was told before.
   */
  async next(timeoutMs?: number): Promise<Update['inventoryChanged']> {
    const { inventoryChanged: update } = await this.subscription.next(timeoutMs);
    for (const ticket of update.tickets) {
      const known = this.state.get(ticket.ticketId);
      if (known !== undefined && known.version > ticket.version) {
        throw new Error(`${JSON.stringify(ticket)} came after ${JSON.stringify(known)}`);
      }
      this.state.set(ticket.ticketId, ticket);
    }
    this.updates.push(update);
    return update;
  }

  /** Takes messages until what was told satisfies the predicate; returns the last one taken, if any was. */
  async until(
    predicate: (state: ReadonlyMap<string, TicketState>) => boolean,
    timeoutMs = 30_000,
  ): Promise<Update['inventoryChanged'] | undefined> {
    const deadline = Date.now() + timeoutMs;
    while (!predicate(this.state)) await this.next(Math.max(1, deadline - Date.now()));
    return this.updates.at(-1);
  }

  untilAvailable(ticketId: string, available: number) {
    return this.until((state) => state.get(ticketId)?.available === available);
  }

  close(): Promise<void> {
    return this.subscription.close();
  }
}

export function watch(server: Server, showId: string, options?: SubscribeOptions): Watcher {
  return new Watcher(subscribe<Update>(server, DOCUMENT, { showId }, options));
}

/** What the show's tickets are by the query that everybody may ask, in the form in which changes are told. */
export async function shown(
  server: Server,
  showId: string,
): Promise<Array<Pick<TicketState, 'ticketId' | 'available' | 'status'>>> {
  const document = 'query Shown($id: ID!) { show(id: $id) { tickets { ticketId: id available status } } }';
  const answer = await graphql<{ show: { tickets: Array<Omit<TicketState, 'version'>> } }>(server, document, {
    id: showId,
  });
  return expectData(answer).show.tickets;
}

/** What a watcher was told, without the versions. */
export function told({ state }: Watcher): Array<Pick<TicketState, 'ticketId' | 'available' | 'status'>> {
  return [...state.values()]
    .sort((a, b) => Number(a.ticketId) - Number(b.ticketId))
    .map(({ ticketId, available, status }) => ({ ticketId, available, status }));
}
