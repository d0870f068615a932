import type { Arrivals, TicketState } from './jobs.js';

export interface TicketUpdate extends TicketState {
  readonly version: number;
}

/** What a message of the subscription says, read once however many subscribers get it. */
export interface Update {
  readonly tickets: readonly TicketUpdate[];
  readonly sentAt: number;
  /** How many got this state, by the millisecond. */
  readonly arrivals: Map<number, number>;
}

const REMEMBERED = 512;

/** Reads messages; the same text is nearly always the same as one of the last. */
export class Updates {
  private readonly recent = new Map<string, Update>();
  private readonly states = new Map<string, { update: Update; versions: Arrivals['versions'] }>();

  /** @returns undefined for what is no update, such as a ping */
  read(text: string): Update | undefined {
    const known = this.recent.get(text);
    if (known !== undefined) return known;
    const update = this.parse(text);
    if (update === undefined) return undefined;
    if (this.recent.size >= REMEMBERED) this.recent.delete(this.recent.keys().next().value as string);
    this.recent.set(text, update);
    return update;
  }

  arrivals(): Arrivals[] {
    return [...this.states.values()]
      .filter(({ update }) => update.arrivals.size > 0)
      .map(({ update, versions }) => ({ versions, at: [...update.arrivals] }));
  }

  private parse(text: string): Update | undefined {
    const message = JSON.parse(text) as {
      type: string;
      payload?: { data?: { inventoryChanged: { tickets: TicketUpdate[]; sentAt: string } } };
    };
    const changed = message.type === 'next' ? message.payload?.data?.inventoryChanged : undefined;
    if (changed === undefined) return undefined;
    const versions = changed.tickets.map(({ ticketId, version }) => [ticketId, version] as const);
    const key = versions.join();
    const same = this.states.get(key)?.update.arrivals;
    const update = {
      tickets: changed.tickets,
      sentAt: Date.parse(changed.sentAt),
      arrivals: same ?? new Map<number, number>(),
    };
    if (same === undefined) this.states.set(key, { update, versions });
    return update;
  }
}
